-- For wrk: every request is a fresh event, signed as Standard Webhooks says, with libcrypto through LuaJIT's ffi.
--   wrk … -s signed.lua URL -- BODY-FILE whsec_SECRET [TOKENS-FILE]
-- With a file of access tokens, one a line, the events carry them in turn.
-- Prints one line at the end: figures EVENTS EVENTS/S P50-MS P99-MS FAILED
local ffi = require("ffi")

ffi.cdef [[
typedef struct { const char *key; unsigned int data_type; void *data; size_t data_size; size_t return_size; } OSSL_PARAM;
void *EVP_MAC_fetch(void *library, const char *algorithm, const char *properties);
void *EVP_MAC_CTX_new(void *mac);
int EVP_MAC_init(void *context, const char *key, size_t length, const OSSL_PARAM *parameters);
int EVP_MAC_update(void *context, const char *data, size_t length);
int EVP_MAC_final(void *context, unsigned char *out, size_t *written, size_t size);
int EVP_EncodeBlock(unsigned char *to, const unsigned char *from, int length);
int EVP_DecodeBlock(unsigned char *to, const unsigned char *from, int length);
]]
local crypto = ffi.load("libcrypto.so.3")

local context, body, head, tail, prefix
local count = 0
local tokens = {}
local mac, written, text = ffi.new("unsigned char[32]"), ffi.new("size_t[1]"), ffi.new("unsigned char[45]")

-- One context keyed once; a later EVP_MAC_init without a key starts it again.
local function keyed(secret)
  local encoded = secret:gsub("^whsec_", "")
  local key = ffi.new("unsigned char[?]", #encoded)
  local length = crypto.EVP_DecodeBlock(key, encoded, #encoded) - #encoded:match("=*$")
  local digest = ffi.new("char[7]", "SHA256")
  local parameters = ffi.new("OSSL_PARAM[2]")
  local name = "digest"
  parameters[0].key, parameters[0].data_type, parameters[0].data, parameters[0].data_size = name, 4, digest, 6
  local made = crypto.EVP_MAC_CTX_new(crypto.EVP_MAC_fetch(nil, "HMAC", nil))
  assert(crypto.EVP_MAC_init(made, ffi.cast("const char *", key), length, parameters) == 1, "HMAC")
  return made
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  body = file:read("*a")
  file:close()
  context = keyed(arguments[2])
  local random = assert(io.open("/dev/urandom", "rb"))
  prefix = "msg_" .. random:read(9):gsub(".", function(c) return string.format("%02x", c:byte()) end) .. "_"
  random:close()
  head = "POST " .. wrk.path .. " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " .. #body .. "\r\nwebhook-id: "
  tail = "\r\n\r\n" .. body
  if arguments[3] then
    for line in io.lines(arguments[3]) do tokens[#tokens + 1] = "\r\nAuthorization: Bearer " .. line end
  end
end

function request()
  count = count + 1
  local id, time = prefix .. count, tostring(os.time())
  local signed = id .. "." .. time .. "."
  crypto.EVP_MAC_init(context, nil, 0, nil)
  crypto.EVP_MAC_update(context, signed, #signed)
  crypto.EVP_MAC_update(context, body, #body)
  crypto.EVP_MAC_final(context, mac, written, 32)
  crypto.EVP_EncodeBlock(text, mac, 32)
  local token = #tokens > 0 and tokens[count % #tokens + 1] or ""
  return head .. id .. "\r\nwebhook-timestamp: " .. time .. "\r\nwebhook-signature: v1," .. ffi.string(text, 44) .. token .. tail
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("figures %d %.1f %.3f %.3f %d\n", summary.requests, summary.requests * 1e6 / summary.duration,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
