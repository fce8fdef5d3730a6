# Reads messages as JSON lines and lets the reference library of Standard Webhooks judge each of them: one word
# a line.
import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

for line in sys.stdin:
    message = json.loads(line)
    try:
        Webhook(message["secret"]).verify(message["body"], message["headers"])
        print("taken")
    except WebhookVerificationError:
        print("refused")
