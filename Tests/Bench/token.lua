-- For wrk: every request asks the token endpoint for a token.
--   wrk … -s token.lua URL/oauth/token -- FILE-WITH-ID:SECRET-IN-BASE64
-- Prints one line at the end: figures TOKENS TOKENS/S P50-MS P99-MS FAILED
function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  local credentials = file:read("*a")
  file:close()
  request_text = wrk.format("POST", wrk.path, {
    ["Host"] = "localhost", ["Content-Type"] = "application/x-www-form-urlencoded", ["Authorization"] = "Basic " .. credentials,
  }, "grant_type=client_credentials")
end

function request() return request_text end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("figures %d %.1f %.3f %.3f %d\n", summary.requests, summary.requests * 1e6 / summary.duration,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
