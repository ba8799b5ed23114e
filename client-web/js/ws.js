// ws.js - a connection by WebSocket: each message is one Request or one Reply in JSON.

import {encode} from "./wire.js";

const SUBPROTOCOL = "kith.v1.json";

export class WebSocketTransport {
	/** onReply(reply) for each message; onClose() when it ends without close(). */
	constructor(onReply, onClose) {
		this.onReply = onReply;
		this.onClose = onClose;
		this.socket = null;
		this.beats = true;
	}

	/** Resolves once requests can be sent; rejects if it cannot connect. */
	open() {
		const url = new URL("v1/ws", document.baseURI);
		url.protocol = url.protocol.replace("http", "ws");
		return new Promise((resolve, reject) => {
			const socket = this.socket = new WebSocket(url, [SUBPROTOCOL]);
			socket.addEventListener("close", () => reject(new Error("no WebSocket")));
			socket.addEventListener("message", event => this.onReply(JSON.parse(event.data)));
			socket.addEventListener("open", () => {
				socket.addEventListener("close", () => this.onClose());
				resolve();
			});
		});
	}

	send(request) {
		this.socket.send(encode(request));
	}

	close() {
		this.socket?.close(1000);
	}
}
