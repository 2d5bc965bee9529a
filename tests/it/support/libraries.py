"""Small apps on Slack's own libraries, unmodified, for the emulator to meet. Each says `ready` once it is connected, and over HTTP the
port that it listens at.

    python3 libraries.py sdk|bolt API_URL BOT_TOKEN APP_TOKEN
    python3 libraries.py bolt-http API_URL BOT_TOKEN SIGNING_SECRET
"""

import sys
import threading

from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse

API_URL, BOT_TOKEN, SECRET = sys.argv[2:5]
client = WebClient(token=BOT_TOKEN, base_url=API_URL.rstrip("/") + "/")

FORM = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "Why"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": {"type": "plain_text", "text": "Why"},
            "element": {"type": "plain_text_input", "action_id": "why"},
        }
    ],
}


def card(text):
    button = {"type": "button", "action_id": "open", "value": "1", "text": {"type": "plain_text", "text": "Open"}}
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
        {"type": "actions", "block_id": "card", "elements": [button]},
    ]


def why(view):
    return view["state"]["values"]["why"]["why"]["value"]


def sdk():
    def handle(socket, request):
        payload = None
        if request.type == "slash_commands":
            client.chat_postMessage(channel=request.payload["channel_id"], text="a card", blocks=card(request.payload["text"]))
            payload = {"text": "posted by the library"}
        elif request.type == "interactive" and request.payload["type"] == "block_actions":
            client.views_open(trigger_id=request.payload["trigger_id"], view=FORM)
        elif request.type == "interactive" and request.payload["type"] == "view_submission":
            if why(request.payload["view"]) == "no":
                payload = {"response_action": "errors", "errors": {"why": "say more"}}
        elif request.type == "events_api":
            user = client.users_info(user=request.payload["event"]["user"]["id"])["user"]
            client.chat_postMessage(channel="C0GENERAL", text="changed: " + user["real_name"])
        socket.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=payload))

    app_client = WebClient(token=BOT_TOKEN, base_url=API_URL.rstrip("/") + "/")
    socket = SocketModeClient(app_token=SECRET, web_client=app_client)
    socket.socket_mode_request_listeners.append(handle)
    socket.connect()


def by_bolt(**settings):
    from slack_bolt import App

    app = App(client=client, **settings)

    @app.command("/jit")
    def command(ack, body, say):
        ack("posted by the library")
        say(text="a card", blocks=card(body["text"]))

    @app.action("open")
    def action(ack, body, client):
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.view("form")
    def view(ack, view):
        if why(view) == "no":
            ack(response_action="errors", errors={"why": "say more"})
        else:
            ack()

    @app.event("user_change")
    def event(event, client):
        user = client.users_info(user=event["user"]["id"])["user"]
        client.chat_postMessage(channel="C0GENERAL", text="changed: " + user["real_name"])

    return app


def bolt():
    from slack_bolt.adapter.socket_mode import SocketModeHandler

    SocketModeHandler(by_bolt(request_verification_enabled=False), SECRET).connect()


def bolt_http():
    from wsgiref.simple_server import make_server

    from slack_bolt.adapter.wsgi import SlackRequestHandler

    server = make_server("127.0.0.1", 0, SlackRequestHandler(by_bolt(signing_secret=SECRET), path="/slack/events"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


assert client.auth_test()["team_id"] == "T0DAYPASS"
print("ready", {"sdk": sdk, "bolt": bolt, "bolt-http": bolt_http}[sys.argv[1]]() or "", flush=True)
# Until whoever started it is gone.
sys.stdin.read()
