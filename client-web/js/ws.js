// ws.js - a connection by WebSocket: each message is one Request or one Reply in JSON.

const SUBPROTOCOL = "kith.v1.json";

export class WebSocketTransport {
	/** onReply(reply) for each; onClose() once, whatever was the reason. */
	constructor(onReply, onClose) {
		this.onReply = onReply;
		this.onClose = onClose;
		this.socket = null;
	}

	open() {
		return new Promise((resolve, reject) => {
			const url = new URL("v1/ws", document.baseURI);
			url.protocol = url.protocol.replace("http", "ws");
			this.socket = new WebSocket(url, [SUBPROTOCOL]);
			this.socket.addEventListener("open", () => resolve());
			this.socket.addEventListener("message", event => this.onReply(JSON.parse(event.data)));
			this.socket.addEventListener("close", () => {
				reject(new Error("no WebSocket"));
				this.onClose();
			});
		});
	}

	/** Greets, and logs in by the cookie: an empty token stands for it. */
	logIn() {
		return [{hello: {versionMin: 1, versionMax: 1, client: "kith page", features: []}},
		    {loginToken: {}}];
	}

	send(request) {
		this.socket.send(JSON.stringify(request));
	}

	close() {
		this.socket?.close(1000);
	}
}
