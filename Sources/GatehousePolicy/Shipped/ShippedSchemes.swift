// Made by embed.sh from policies/schemes; change the files there and run it again.
extension Scheme {
    /// The text of each shipped scheme by its name. A file of the same name in the policy directory takes its place.
    public static let shipped: [String: String] = [
        "adyen-platform": #"""
        # Adyen for Platforms (balance platform webhooks; standard notifications are signed otherwise).
        # Signed: the body; HMAC-SHA256, base64, keyed with the hex-decoded key.
        # Source: Adyen/adyen-python-api-library test/UtilTest.py.
        signature: { header: HmacSignature, layout: bare, encoding: base64 }
        algorithm: hmac-sha256
        key: hex
        signed: "{body}"
        event: { type: json:type }

        """#,
        "asana": #"""
        # Asana.
        # Signed: the body; HMAC-SHA256, hex. Asana chooses the secret: the X-Hook-Secret of its first request, which is echoed here and neither kept
        # nor logged nor handed over, since a secret that any stranger could set would be none. Take it from the answer to the call that creates the
        # webhook (its member "X-Hook-Secret") and store it: 'gatehouse secret add SENDER/signing --value-file -'. Events that come before are 401 and
        # sent again.
        # Source: developers.asana.com "Webhooks guide".
        signature: { header: X-Hook-Signature, layout: bare, encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "{body}"
        event: { type: json:events.0.action }
        handshake:
          - { present: [header:X-Hook-Secret], signed: false, echo-header: X-Hook-Secret }

        """#,
        "auth0": #"""
        # Auth0 log streams.
        # Nothing is signed: Authorization holds the configured value. A body holds many records, so no single id stands for it.
        # Source: auth0.com/docs "Create custom log streams using webhooks".
        signature: { header: Authorization, layout: bare, encoding: text }
        algorithm: equal
        key: raw
        body-unsigned: true

        """#,
        "box": #"""
        # Box.
        # Signed: the body, then the delivery's timestamp; HMAC-SHA256, base64. Two headers, one for each of two keys.
        # Source: box/box-windows-sdk-v2 docs/webhooks.md.
        signature: { headers: [BOX-SIGNATURE-PRIMARY, BOX-SIGNATURE-SECONDARY], layout: bare, encoding: base64 }
        algorithm: hmac-sha256
        key: raw
        signed: "{body}{timestamp}"
        timestamp: { header: BOX-DELIVERY-TIMESTAMP, unit: rfc3339, tolerance: 10m }
        event: { id: header:BOX-DELIVERY-ID, type: json:trigger }

        """#,
        "calendly": #"""
        # Calendly.
        # Signed: timestamp, full stop, body; HMAC-SHA256, hex.
        # Source: developer.calendly.com "Webhook signatures".
        signature: { header: Calendly-Webhook-Signature, layout: list, separator: ",", assign: "=", label: v1, timestamp: t, encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "{timestamp}.{body}"
        timestamp: { unit: s }
        event: { type: json:event }

        """#,
        "clerk": #"""
        # Clerk, which sends with Svix.
        # Signed: as in standard-webhooks, with svix-… headers.
        # Source: svix/svix-webhooks, the libraries' webhook verification.
        signature: { header: svix-signature, layout: list, separator: " ", assign: ",", label: v1, encoding: base64 }
        algorithm: hmac-sha256
        key: { strip: whsec_, decode: base64 }
        signed: "{header:svix-id}.{timestamp}.{body}"
        timestamp: { header: svix-timestamp, unit: s, tolerance: 5m }
        event: { id: header:svix-id, type: json:type }

        """#,
        "cloudevents": #"""
        # CloudEvents over HTTP with a fixed bearer token, and the OPTIONS handshake by which senders ask whether they may send.
        # Nothing is signed. In binary mode id and type are headers; for structured mode copy this file and write json:id and json:type.
        # Source: cloudevents/spec cloudevents/http-webhook.md.
        signature: { header: Authorization, layout: prefixed, prefix: "Bearer ", encoding: text }
        algorithm: equal
        key: raw
        body-unsigned: true
        event: { id: header:ce-id, type: header:ce-type }
        handshake:
          - { method: OPTIONS, present: [header:WebHook-Request-Origin], allow-origin: {} }

        """#,
        "coinbase-cdp-v0": #"""
        # Coinbase Developer Platform, `v0` signatures (those without a list of signed headers).
        # Signed: timestamp, full stop, body; HMAC-SHA256, hex.
        # Source: docs.cdp.coinbase.com "Verify webhook signatures".
        signature: { header: X-Hook0-Signature, layout: list, separator: ",", assign: "=", label: v0, timestamp: t, encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "{timestamp}.{body}"
        timestamp: { unit: s, tolerance: 5m }
        event: { id: header:x-event-id, type: header:x-event-type }

        """#,
        "coinbase-commerce": #"""
        # Coinbase Commerce.
        # Signed: the body; HMAC-SHA256, hex.
        # Source: coinbase/coinbase-commerce-node test/testWebhook.spec.js.
        signature: { header: X-CC-Webhook-Signature, layout: bare, encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "{body}"
        event: { id: json:event.id, type: json:event.type }

        """#,
        "digital-river": #"""
        # Digital River (webhooks of the Digital River API).
        # Signed: the timestamp as received, a full stop, the body; HMAC-SHA256, base64. The header holds `ts, sig[, sig...]`: one signature for
        # each of up to five secrets that are active at once. The secret is the token of the Dashboard as it stands, `whk_` included.
        # Source: docs.digitalriver.com "Digital River signature" and "Rotating a webhook's secret" for the header and the rotation; the layout is
        # that of digitalriver-connectors/sfcc_link_digitalriver drHooksHelper.js, as the documentation leaves it open. So is the unit of the time.
        signature: { header: DigitalRiver-Signature, layout: positional, separator: ",", timestamp: 0, signatures: 1.., encoding: base64 }
        algorithm: hmac-sha256
        key: raw
        signed: "{timestamp}.{body}"
        timestamp: { unit: auto }
        event: { id: json:id, type: json:type }

        """#,
        "discord": #"""
        # Discord (webhook events).
        # Signed: timestamp and body; Ed25519, hex. The credential is SENDER/key: the application's public key in hex. Discord wants 204, and now and
        # then sends forged requests that must get 401.
        # Source: discord.com/developers "Webhook events" and "Security and authorization".
        signature: { header: X-Signature-Ed25519, layout: bare, encoding: hex }
        algorithm: ed25519
        key: hex
        signed: "{timestamp}{body}"
        timestamp: { header: X-Signature-Timestamp, unit: s }
        event: { type: json:event.type }
        respond: { ok: 204 }
        handshake:
          - { equal: { "json:type": "0" }, fixed: { status: 204 } }

        """#,
        "docusign": #"""
        # DocuSign Connect.
        # Signed: the body; HMAC-SHA256, base64, one numbered header for each key. The secret looks like base64 and is used as it stands.
        # Source: developers.docusign.com "Connect HMAC".
        signature: { header: X-DocuSign-Signature-*, layout: bare, encoding: base64 }
        algorithm: hmac-sha256
        key: raw
        signed: "{body}"
        event: { type: json:event }

        """#,
        "dropbox": #"""
        # Dropbox.
        # Signed: the body; HMAC-SHA256, hex, keyed with the app secret. The address is confirmed by a GET with a challenge.
        # Source: dropbox.com/developers "Webhooks".
        signature: { header: X-Dropbox-Signature, layout: bare, encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "{body}"
        handshake:
          - { method: GET, present: [query:challenge], echo: query:challenge }

        """#,
        "github-sha1": #"""
        # GitHub's older signature, for senders that speak nothing newer (GitHub Enterprise, compatible servers).
        # Signed: the body; HMAC-SHA1, hex after `sha1=`.
        # Source: docs.github.com "Validating webhook deliveries".
        signature: { header: X-Hub-Signature, layout: prefixed, prefix: "sha1=", encoding: hex }
        algorithm: hmac-sha1
        key: raw
        signed: "{body}"
        event: { id: header:X-GitHub-Delivery, type: header:X-GitHub-Event }

        """#,
        "github": #"""
        # GitHub.
        # Signed: the body; HMAC-SHA256, hex after `sha256=`. Neither time nor id is signed: a copy is known by its body.
        # Source: docs.github.com "Validating webhook deliveries".
        signature: { header: X-Hub-Signature-256, layout: prefixed, prefix: "sha256=", encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "{body}"
        event: { id: header:X-GitHub-Delivery, type: header:X-GitHub-Event }

        """#,
        "gitlab-token": #"""
        # GitLab, webhooks with a secret token.
        # Nothing is signed: the token itself is sent. Use `gitlab` where the server can sign.
        # Source: docs.gitlab.com "Webhooks".
        signature: { header: X-Gitlab-Token, layout: bare, encoding: text }
        algorithm: equal
        key: raw
        body-unsigned: true
        event: { id: header:X-Gitlab-Event-UUID, type: header:X-Gitlab-Event }

        """#,
        "gitlab": #"""
        # GitLab, webhooks with a signing token.
        # Signed: as in standard-webhooks.
        # Source: gitlab-org/gitlab merge request 230944.
        signature: { header: webhook-signature, layout: list, separator: " ", assign: ",", label: v1, encoding: base64 }
        algorithm: hmac-sha256
        key: { strip: whsec_, decode: base64 }
        signed: "{header:webhook-id}.{timestamp}.{body}"
        timestamp: { header: webhook-timestamp, unit: s, tolerance: 5m }
        event: { id: header:webhook-id, type: header:X-Gitlab-Event }

        """#,
        "hmac-sha256-base64": #"""
        # Any sender that puts the HMAC-SHA256 of the body, in base64, into the header X-Signature.
        # For another header copy this file into schemes/ of the policy directory, under a name of its own, and change it there.
        # Source: the form is common; frain-dev/convoy pkg/verifier/verifier_test.go has it too.
        signature: { header: X-Signature, layout: bare, encoding: base64 }
        algorithm: hmac-sha256
        key: raw
        signed: "{body}"

        """#,
        "hmac-sha256-hex": #"""
        # Any sender that puts the HMAC-SHA256 of the body, in hex, into the header X-Signature.
        # For another header copy this file into schemes/ of the policy directory, under a name of its own, and change it there.
        # Source: the form is common; frain-dev/convoy pkg/verifier/verifier_test.go has it too.
        signature: { header: X-Signature, layout: bare, encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "{body}"

        """#,
        "hmac-sha512-base64": #"""
        # Any sender that puts the HMAC-SHA512 of the body, in base64, into the header X-Signature.
        # For another header copy this file into schemes/ of the policy directory, under a name of its own, and change it there.
        # Source: the form is common; frain-dev/convoy pkg/verifier/verifier_test.go has it too.
        signature: { header: X-Signature, layout: bare, encoding: base64 }
        algorithm: hmac-sha512
        key: raw
        signed: "{body}"

        """#,
        "hmac-sha512-hex": #"""
        # Any sender that puts the HMAC-SHA512 of the body, in hex, into the header X-Signature.
        # For another header copy this file into schemes/ of the policy directory, under a name of its own, and change it there.
        # Source: the form is common; frain-dev/convoy pkg/verifier/verifier_test.go has it too.
        signature: { header: X-Signature, layout: bare, encoding: hex }
        algorithm: hmac-sha512
        key: raw
        signed: "{body}"

        """#,
        "hubspot-v2": #"""
        # HubSpot, version 2 signatures. Prefer hubspot-v3: this is a plain hash, and no time is signed.
        # Signed: the secret itself, method, URL and body; SHA-256, hex.
        # Source: HubSpot/hubspot-api-python tests/spec/utils/test_signature.py.
        signature: { header: X-HubSpot-Signature, layout: bare, encoding: hex }
        algorithm: sha256
        key: raw
        signed: "{secret}{method}{url}{body}"
        event: { type: json:0.subscriptionType }

        """#,
        "hubspot-v3": #"""
        # HubSpot, version 3 signatures.
        # Signed: method, URL, body and timestamp; HMAC-SHA256, base64. The endpoint's public-url must be the URL configured at HubSpot.
        # A body is a list of events, so no single id stands for it.
        # Source: HubSpot/hubspot-api-python tests/spec/utils/test_signature.py.
        signature: { header: X-HubSpot-Signature-v3, layout: bare, encoding: base64 }
        algorithm: hmac-sha256
        key: raw
        signed: "{method}{url}{body}{timestamp}"
        timestamp: { header: X-HubSpot-Request-Timestamp, unit: ms, tolerance: 5m }
        event: { type: json:0.subscriptionType }

        """#,
        "intercom": #"""
        # Intercom.
        # Signed: the body; HMAC-SHA1, hex after `sha1=`, keyed with the app's client secret.
        # Source: developers.intercom.com "Webhooks: signed notifications".
        signature: { header: X-Hub-Signature, layout: prefixed, prefix: "sha1=", encoding: hex }
        algorithm: hmac-sha1
        key: raw
        signed: "{body}"
        event: { id: json:id, type: json:topic }

        """#,
        "linear": #"""
        # Linear.
        # Signed: the body, which holds the time; HMAC-SHA256, hex. The linear-timestamp header is not signed and not used. The window is the SDK's.
        # Source: linear/linear packages/sdk webhooks.
        signature: { header: Linear-Signature, layout: bare, encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "{body}"
        timestamp: { json: webhookTimestamp, unit: ms, tolerance: 60s }
        event: { id: header:Linear-Delivery, type: json:type }

        """#,
        "mailgun": #"""
        # Mailgun.
        # Signed: timestamp and a single-use token, both inside the body; HMAC-SHA256, hex. THE BODY IS NOT SIGNED: who can read one delivery can
        # write another within the window, so add `networks` or a second item.
        # Source: mailgun/mailgun-php tests/Api/WebhookTest.php.
        signature: { json: signature.signature, layout: bare, encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "{timestamp}{json:signature.token}"
        body-unsigned: true
        timestamp: { json: signature.timestamp, unit: s }
        event: { id: json:event-data.id, type: json:event-data.event }

        """#,
        "meta": #"""
        # Meta (Facebook, Instagram, WhatsApp).
        # Signed: the body; HMAC-SHA256, hex after `sha256=`, keyed with the app secret. The address is confirmed by a GET with a challenge and the
        # verify token that was chosen in the app's settings. Store the token as SENDER/verify ('gatehouse secret add SENDER/verify --value-file -')
        # and it is compared; without it any is taken: whoever subscribes this address without the app secret sends nothing that is accepted.
        # Source: developers.facebook.com "Webhooks: getting started".
        signature: { header: X-Hub-Signature-256, layout: prefixed, prefix: "sha256=", encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "{body}"
        event: { type: json:object }
        handshake:
          - method: GET
            present: [query:hub.challenge]
            equal: { query:hub.mode: subscribe }
            token: { from: query:hub.verify_token, credential: verify }
            echo: query:hub.challenge

        """#,
        "notion": #"""
        # Notion.
        # Signed: the body; HMAC-SHA256, hex after `sha256=`, keyed with the verification token that the first request brings.
        # Source: developers.notion.com "Webhooks".
        signature: { header: X-Notion-Signature, layout: prefixed, prefix: "sha256=", encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "{body}"
        event: { id: json:id, type: json:type }

        """#,
        "okta": #"""
        # Okta event hooks.
        # Nothing is signed: Authorization holds the configured secret. The address is confirmed by a GET with a challenge.
        # Source: developer.okta.com "Event hooks".
        signature: { header: Authorization, layout: bare, encoding: text }
        algorithm: equal
        key: raw
        body-unsigned: true
        event: { id: json:eventId, type: json:data.events.0.eventType }
        handshake:
          - { method: GET, present: [header:X-Okta-Verification-Challenge], json: { verification: header:X-Okta-Verification-Challenge } }

        """#,
        "paddle": #"""
        # Paddle Billing.
        # Signed: timestamp, colon, body; HMAC-SHA256, hex; `ts=…;h1=…`, several h1 while a secret is rotated. The window is the SDK's.
        # Source: PaddleHQ/paddle-node-sdk webhooks-validator.node.test.ts.
        signature: { header: Paddle-Signature, layout: list, separator: ";", assign: "=", label: h1, timestamp: ts, encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "{timestamp}:{body}"
        timestamp: { unit: s, tolerance: 5s }
        event: { id: json:event_id, type: json:event_type }

        """#,
        "pagerduty": #"""
        # PagerDuty, version 3 webhooks.
        # Signed: the body; HMAC-SHA256, hex, `v1=…` with commas while a secret is rotated.
        # Source: PagerDuty/go-pagerduty webhookv3/webhookv3_test.go; developer.pagerduty.com "Webhook signatures".
        signature: { header: X-PagerDuty-Signature, layout: list, separator: ",", assign: "=", label: v1, encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "{body}"
        event: { id: header:X-Webhook-Id, type: json:event.event_type }

        """#,
        "razorpay": #"""
        # Razorpay.
        # Signed: the body; HMAC-SHA256, hex.
        # Source: razorpay.com/docs "Validate and test webhooks".
        signature: { header: X-Razorpay-Signature, layout: bare, encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "{body}"
        event: { type: json:event }

        """#,
        "sendgrid": #"""
        # Twilio SendGrid event webhook.
        # Signed: timestamp and body; ECDSA P-256 with SHA-256, base64 of DER. The credential is SENDER/key: the base64 public key of the settings.
        # A body is a list of events, so no single id stands for it.
        # Source: sendgrid/sendgrid-python test/unit/test_eventwebhook.py.
        signature: { header: X-Twilio-Email-Event-Webhook-Signature, layout: bare, encoding: base64 }
        algorithm: ecdsa-p256
        key: spki
        signed: "{timestamp}{body}"
        timestamp: { header: X-Twilio-Email-Event-Webhook-Timestamp, unit: s }
        event: { type: json:0.event }

        """#,
        "shopify": #"""
        # Shopify.
        # Signed: the body; HMAC-SHA256, base64. The secret is the app's client secret.
        # Source: bold-commerce/go-shopify oauth_test.go; shopify.dev "Verify webhooks".
        signature: { header: X-Shopify-Hmac-Sha256, layout: bare, encoding: base64 }
        algorithm: hmac-sha256
        key: raw
        signed: "{body}"
        event: { id: header:X-Shopify-Webhook-Id, type: header:X-Shopify-Topic }

        """#,
        "slack": #"""
        # Slack (Events API).
        # Signed: `v0:`, timestamp, colon, body; HMAC-SHA256, hex after `v0=`. The address is confirmed by a signed challenge.
        # Source: api.slack.com "Verifying requests from Slack" and "url_verification".
        signature: { header: X-Slack-Signature, layout: prefixed, prefix: "v0=", encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "v0:{timestamp}:{body}"
        timestamp: { header: X-Slack-Request-Timestamp, unit: s, tolerance: 5m }
        event: { id: json:event_id, type: json:event.type }
        handshake:
          - { equal: { "json:type": url_verification }, json: { challenge: json:challenge } }

        """#,
        "square": #"""
        # Square.
        # Signed: the notification URL as configured at Square, then the body; HMAC-SHA256, base64. So the endpoint's public-url must be that URL.
        # Source: square/square-nodejs-sdk tests/integration/webhooks.test.ts.
        signature: { header: x-square-hmacsha256-signature, layout: bare, encoding: base64 }
        algorithm: hmac-sha256
        key: raw
        signed: "{url}{body}"
        event: { id: json:event_id, type: json:type }

        """#,
        "standard-webhooks-ed25519": #"""
        # Standard Webhooks, asymmetric signatures (`v1a`).
        # Signed: as in standard-webhooks; Ed25519, base64. The credential is SENDER/key: `whpk_` and the base64 of the public key.
        # Source: standard-webhooks/standard-webhooks spec/standard-webhooks.md.
        signature: { header: webhook-signature, layout: list, separator: " ", assign: ",", label: v1a, encoding: base64 }
        algorithm: ed25519
        key: { strip: whpk_, decode: base64 }
        signed: "{header:webhook-id}.{timestamp}.{body}"
        timestamp: { header: webhook-timestamp, unit: s, tolerance: 5m }
        event: { id: header:webhook-id, type: json:type }

        """#,
        "standard-webhooks": #"""
        # Standard Webhooks, symmetric signatures (`v1`); sent by many services.
        # Signed: message id, timestamp and body, joined by full stops; HMAC-SHA256, base64, several signatures with blanks between them.
        # The secret is `whsec_` and the base64 of the key.
        # Source: standard-webhooks/standard-webhooks spec/standard-webhooks.md.
        signature: { header: webhook-signature, layout: list, separator: " ", assign: ",", label: v1, encoding: base64 }
        algorithm: hmac-sha256
        key: { strip: whsec_, decode: base64 }
        signed: "{header:webhook-id}.{timestamp}.{body}"
        timestamp: { header: webhook-timestamp, unit: s, tolerance: 5m }
        event: { id: header:webhook-id, type: json:type }

        """#,
        "stripe": #"""
        # Stripe.
        # Signed: timestamp, full stop, body; HMAC-SHA256, hex. `v1` counts, `v0` and what may come later do not. The secret is used whole, with
        # its `whsec_`.
        # Source: stripe/stripe-dotnet EventUtility and its tests.
        signature: { header: Stripe-Signature, layout: list, separator: ",", assign: "=", label: v1, timestamp: t, encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "{timestamp}.{body}"
        timestamp: { unit: s, tolerance: 5m }
        event: { id: json:id, type: json:type }

        """#,
        "svix": #"""
        # Svix, and services that send with it under its own header names.
        # Signed: as in standard-webhooks, with svix-… headers.
        # Source: svix/svix-webhooks, the libraries' webhook verification.
        signature: { header: svix-signature, layout: list, separator: " ", assign: ",", label: v1, encoding: base64 }
        algorithm: hmac-sha256
        key: { strip: whsec_, decode: base64 }
        signed: "{header:svix-id}.{timestamp}.{body}"
        timestamp: { header: svix-timestamp, unit: s, tolerance: 5m }
        event: { id: header:svix-id, type: json:type }

        """#,
        "typeform": #"""
        # Typeform.
        # Signed: the body; HMAC-SHA256, base64 after `sha256=`.
        # Source: typeform.com/developers "Secure your webhooks".
        signature: { header: Typeform-Signature, layout: prefixed, prefix: "sha256=", encoding: base64 }
        algorithm: hmac-sha256
        key: raw
        signed: "{body}"
        event: { id: json:event_id, type: json:event_type }

        """#,
        "websub": #"""
        # WebSub subscribers (hubs that deliver with `hub.secret`).
        # Signed: the body; HMAC, hex. The hub names the hash before the `=`; SHA-1 is left out, a hub that needs it gets a copy of this file.
        # Source: www.w3.org/TR/websub section 5.3 and 8.
        signature: { header: X-Hub-Signature, layout: algorithm, assign: "=", algorithms: [sha256, sha384, sha512], encoding: hex }
        key: raw
        signed: "{body}"
        handshake:
          - { method: GET, present: [query:hub.mode, query:hub.topic, query:hub.challenge], echo: query:hub.challenge }

        """#,
        "zendesk": #"""
        # Zendesk.
        # Signed: timestamp and body; HMAC-SHA256, base64. The secret looks like base64 and is used as it stands.
        # Source: developer.zendesk.com "Verifying webhook authenticity".
        signature: { header: X-Zendesk-Webhook-Signature, layout: bare, encoding: base64 }
        algorithm: hmac-sha256
        key: raw
        signed: "{timestamp}{body}"
        timestamp: { header: X-Zendesk-Webhook-Signature-Timestamp, unit: rfc3339 }
        event: { id: header:X-Zendesk-Webhook-Invocation-Id, type: json:type }

        """#,
        "zoom": #"""
        # Zoom.
        # Signed: `v0:`, timestamp, colon, body; HMAC-SHA256, hex after `v0=`. The address is confirmed, again and again, by an HMAC of a token.
        # Source: developers.zoom.us "Using webhooks"; the validation answer as in elastic/beats http_endpoint/handler_test.go.
        signature: { header: x-zm-signature, layout: prefixed, prefix: "v0=", encoding: hex }
        algorithm: hmac-sha256
        key: raw
        signed: "v0:{timestamp}:{body}"
        timestamp: { header: x-zm-request-timestamp, unit: s }
        event: { type: json:event }
        handshake:
          - equal: { "json:event": endpoint.url_validation }
            keyed: { value: json:payload.plainToken, plain: plainToken, keyed: encryptedToken, encoding: hex }

        """#,
    ]
}
