// proxy.mjs - a wire between the browser and the server that can be cut and mended.
import { connect, createServer } from "node:net";

export class Wire {
	// To the host and port of `url`; its own address for the browser is `url` of the wire.
	static async between(url)
	{
		const wire = new Wire();
		const { hostname, port } = new URL(url);
		wire.ends = new Set();
		wire.whole = true;
		wire.server = createServer(near => wire.join(near, connect(port, hostname)));
		await new Promise(resolve => wire.server.listen(0, "127.0.0.1", resolve));
		wire.url = `https://127.0.0.1:${wire.server.address().port}/`;
		return wire;
	}

	join(near, far)
	{
		for (const [end, other] of [[near, far], [far, near]]) {
			this.ends.add(end);
			end.pipe(other);
			end.on("error", () => {});
			end.on("close", () => {
				this.ends.delete(end);
				other.destroy();
			});
		}
		if (!this.whole)
			near.resetAndDestroy();
	}

	// What is on the way is lost, and nothing new gets through.
	cut()
	{
		this.whole = false;
		for (const end of this.ends)
			end.resetAndDestroy();
	}

	mend()
	{
		this.whole = true;
	}

	close()
	{
		this.cut();
		this.server.close();
	}
}
