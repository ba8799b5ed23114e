// ws.js - a connection by WebSocket: each message is one Request or one Reply in JSON.

const SUBPROTOCOL = "kith.v1.json";

export class WebSocketTransport {
	/** onReply(reply) for each; onClose() when it ends without being closed. */
	constructor(onReply, onClose) {
		this.onReply = onReply;
		this.onClose = onClose;
		this.socket = null;
		this.beats = true;
	}

	/** Ends once requests can be sent; throws if there is no way. */
	open() {
		const url = new URL("v1/ws", document.baseURI);
		url.protocol = url.protocol.replace("http", "ws");
		return new Promise((resolve, reject) => {
			this.socket = new WebSocket(url, [SUBPROTOCOL]);
			this.socket.addEventListener("open", resolve);
			this.socket.addEventListener("message", event => this.onReply(JSON.parse(event.data)));
			this.socket.addEventListener("close", () => {
				reject(new Error("no WebSocket"));	// without effect if it was open
				this.onClose();
			});
		});
	}

	send(request) {
		this.socket.send(JSON.stringify(request));
	}

	close() {
		this.socket?.close(1000);
	}
}
