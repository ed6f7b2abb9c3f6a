import { createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import {
	createServer,
	type IncomingMessage,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import {
	type Account,
	type FakeConfig,
	type FakeDisk,
	type FakeLinode,
	timestamp,
} from "./account.ts";
import { configEntity, linodeEntity, newEvent } from "./answers.ts";
import type { VmDriver } from "./driver.ts";
import type { Faults, RequestFault } from "./faults.ts";
import { addBoot, jobRow, jobTimes } from "./jobs.ts";
import { type Asked, type Reply, refuse } from "./reply.ts";
import type { Bed, Watch } from "./route-parts.ts";
import { route } from "./routes.ts";
import type { BedClock } from "./virtual-clock.ts";

export interface BedOptions {
	clock: BedClock;
	driver: VmDriver;
	watch?: Watch;
	/** Of unpacked images; larger ones vanish. Default 6 GiB. */
	imageLimit?: number;
	scopes?: string;
}

/** The Linode API v4 over HTTP, with machines behind it. */
export interface TestBed {
	/** For LINODE_URL. */
	url: string;
	token: string;
	account: Account;
	/** What goes wrong; may be changed at any time. */
	faults: Faults;
	/** Requests to the API so far, in order; those to the upload address too, with method PUT and path `upload`. */
	requests: { method: string; path: string }[];
	/** What was applied so far that changed something, e.g. `POST /linode/instances/1/disks`. */
	applied: string[];
	/** The jobs that have begun, by action. */
	jobs: readonly string[];
	/** Tokens that are refused from now on. */
	revoked: Set<string>;
	/** Makes a Linode with a stock system that runs. */
	addStockLinode(options: {
		label: string;
		diskTotal?: number;
		diskSize?: number;
		address?: string;
		tags?: string[];
		watchdog?: boolean;
	}): Promise<FakeLinode>;
	/** The guest switches itself off: no job tells of it, and the watchdog boots it again. */
	powerOffInside(linode: FakeLinode): Promise<void>;
	/** Lets stuck jobs go on. */
	releaseJobs(): void;
	close(): Promise<void>;
}

/** Answers of a minute that a client may ask; see "Rate limits" of the API's documentation. */
const requestsPerMinute = { collection: 200, single: 1600 };

export async function openBed(options: BedOptions): Promise<TestBed> {
	const { clock, driver } = options;
	const folder = await mkdtemp(join(tmpdir(), "dock0-bed-"));
	const account: Account = {
		linodes: [],
		images: [],
		stackscripts: [],
		events: [],
		nextId: 1000,
	};
	const token = "test-token-0123456789abcdef";
	const asks: number[] = [];
	let addresses = 10;
	let open = true;

	driver.onPowerOff = (linode) => void bed.powerOffInside(linode);

	const server = createServer((request, response) => {
		void serve(request, response).catch((error: unknown) => {
			bed.broken.push(error);
			response.destroy();
		});
	});
	await new Promise<void>((resolve) =>
		server.listen(0, "127.0.0.1", () => resolve()),
	);
	const { port } = server.address() as AddressInfo;
	const base = `http://127.0.0.1:${port}`;

	const row = jobRow({ account, clock, faults: () => bed.faults });
	const inner: Bed = {
		account,
		clock,
		row,
		driver,
		watch: options.watch ?? {
			configDeleted: () => undefined,
			diskDeleted: () => undefined,
		},
		address: () => `127.0.2.${addresses++}`,
		uploadUrl: () => `${base}/upload/`,
	};

	async function serve(
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> {
		const url = new URL(request.url ?? "/", base);
		const method = request.method ?? "GET";
		const isUpload = url.pathname.startsWith("/upload/");
		const path = isUpload ? "upload" : url.pathname.replace(/^\/v4/, "");
		bed.requests.push({ method, path });
		const fault = bed.faults.request?.(bed.requests.length, { method, path });
		if (await misbehaveBefore(fault, request, response)) return;
		const reply = isUpload
			? await receive(request, url.pathname.slice("/upload/".length))
			: await answer(request, method, path, url.searchParams);
		if (method !== "GET" && reply.status === 200)
			bed.applied.push(`${method} ${path}`);
		send(fault, response, reply);
	}

	async function answer(
		request: IncomingMessage,
		method: string,
		path: string,
		query: URLSearchParams,
	): Promise<Reply> {
		const given = /^Bearer (.+)$/.exec(
			request.headers.authorization ?? "",
		)?.[1];
		const text = await textOf(request);
		if (given !== token || bed.revoked.has(given))
			return refuse(401, "Invalid Token");
		const isCollection = !/\d+$/.test(path);
		const since = clock.now() - 60_000;
		asks.push(clock.now());
		const recent = asks.filter((at) => at > since).length;
		if (isCollection && recent > requestsPerMinute.collection * 2)
			return {
				...refuse(429, "Too many requests"),
				headers: { "retry-after": "20" },
			};
		const asked: Asked = {
			method,
			path,
			query,
			filter: JSON.parse(String(request.headers["x-filter"] ?? "{}")) as Record<
				string,
				unknown
			>,
			body: text ? (JSON.parse(text) as Record<string, unknown>) : {},
		};
		return route(inner, asked);
	}

	async function receive(
		request: IncomingMessage,
		ticket: string,
	): Promise<Reply> {
		const image = account.images.find((one) => one.ticket === ticket);
		if (image?.status !== "pending_upload") {
			request.resume();
			return refuse(403, "Request has expired");
		}
		const file = join(folder, `${ticket}.raw`);
		try {
			await pipeline(request, createGunzip(), createWriteStream(file));
		} catch {
			return refuse(400, "the upload is no complete gzip file");
		}
		const { size } = await stat(file);
		image.status = "creating";
		clock.after(jobTimes.imageUnpack, () => {
			if (size > (options.imageLimit ?? 6 * 1024 ** 3)) {
				account.images.splice(account.images.indexOf(image), 1);
				return;
			}
			image.status = "available";
			image.size = Math.ceil(size / 1024 / 1024);
			image.file = file;
		});
		return { status: 200, body: {} };
	}

	function send(
		fault: RequestFault | undefined,
		response: ServerResponse,
		reply: Reply,
	): void {
		if (fault === "hang-after") return;
		if (fault === "reset-after") {
			response.socket?.resetAndDestroy();
			return;
		}
		const text = JSON.stringify(reply.body);
		response.writeHead(reply.status, {
			"content-type": "application/json",
			"content-length": Buffer.byteLength(text),
			"x-oauth-scopes": options.scopes ?? "*",
			"x-accepted-oauth-scopes": "linodes:read_write",
			"x-ratelimit-limit": "1600",
			"x-ratelimit-remaining": "1599",
			"x-ratelimit-reset": String(Math.floor(clock.now() / 1000) + 60),
			...reply.headers,
		});
		if (fault === "broken-answer") {
			response.write(text.slice(0, Math.floor(text.length / 2)), () =>
				response.socket?.destroy(),
			);
			return;
		}
		response.end(text);
	}

	const bed = {
		url: `${base}/v4`,
		token,
		account,
		faults: {} as Faults,
		requests: [] as { method: string; path: string }[],
		applied: [] as string[],
		jobs: row.begun,
		revoked: new Set<string>(),
		/** Errors of the bed itself. */
		broken: [] as unknown[],
		async addStockLinode(wanted: Parameters<TestBed["addStockLinode"]>[0]) {
			const diskTotal = wanted.diskTotal ?? 25_600;
			const disk = (
				label: string,
				size: number,
				filesystem: string,
			): FakeDisk => ({
				id: account.nextId++,
				label,
				status: "ready",
				size,
				filesystem,
				created: timestamp(clock.now()),
				listedFrom: 0,
			});
			const root = disk(
				"Debian 12 Disk",
				wanted.diskSize ?? diskTotal - 512,
				"ext4",
			);
			const swap = disk("512 MB Swap Image", 512, "swap");
			const config: FakeConfig = {
				id: account.nextId++,
				label: "My Debian 12 Disk Profile",
				kernel: "linode/grub2",
				comments: "",
				devices: { sda: { disk_id: root.id }, sdb: { disk_id: swap.id } },
				helpers: {
					updatedb_disabled: true,
					distro: true,
					modules_dep: true,
					network: true,
					devtmpfs_automount: true,
				},
				root_device: "/dev/sda",
				run_level: "default",
				virt_mode: "paravirt",
				interfaces: [],
			};
			const linode: FakeLinode = {
				id: account.nextId++,
				label: wanted.label,
				status: "running",
				region: "eu-central",
				type: "g6-nanode-1",
				ipv4: [wanted.address ?? inner.address()],
				tags: wanted.tags ?? [],
				watchdog_enabled: wanted.watchdog ?? true,
				diskTotal,
				disks: [root, swap],
				configs: [config],
				booted: config.id,
				jobs: [],
				created: timestamp(clock.now()),
			};
			account.linodes.push(linode);
			await driver.createDisk(linode, root, {
				kind: "stock",
				image: "linode/debian12",
			});
			await driver.createDisk(linode, swap, { kind: "empty" });
			newEvent(account, clock.now(), {
				action: "linode_boot",
				status: "finished",
				entity: linodeEntity(linode),
				secondary_entity: configEntity(linode, config),
			});
			await driver.boot(linode, config);
			return linode;
		},
		async powerOffInside(linode: FakeLinode) {
			await driver.shutdown(linode);
			linode.status = "offline";
			clock.after(30_000, () => {
				if (
					open &&
					linode.watchdog_enabled &&
					linode.status === "offline" &&
					linode.booted
				)
					addBoot(row, driver, linode, {
						action: "lassie_reboot",
						config: linode.booted,
						takes: jobTimes.boot,
					});
			});
		},
		releaseJobs: () => row.release(),
		async close() {
			open = false;
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
			await driver.close();
			await rm(folder, { recursive: true, force: true });
			if (bed.broken.length > 0) throw bed.broken[0];
		},
	};
	return bed;
}

async function textOf(request: IncomingMessage): Promise<string> {
	let text = "";
	for await (const chunk of request.setEncoding("utf8"))
		text += chunk as string;
	return text;
}

/** Faults in whose case the request is not applied. @returns whether it was dealt with. */
async function misbehaveBefore(
	fault: RequestFault | undefined,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<boolean> {
	const json = (status: number, reason: string, headers = {}): boolean => {
		request.resume();
		response
			.writeHead(status, { "content-type": "application/json", ...headers })
			.end(JSON.stringify({ errors: [{ reason }] }));
		return true;
	};
	switch (fault) {
		case "limited":
			return json(429, "Too many requests", { "retry-after": "7" });
		case "limited-silent":
			return json(429, "Too many requests");
		case "error-500":
			return json(500, "Internal Server Error");
		case "error-503":
			return json(503, "Service Unavailable");
		case "nginx-400":
			request.resume();
			response
				.writeHead(400, { "content-type": "text/html" })
				.end("<html><center>nginx</center></html>");
			return true;
		case "hang":
			request.resume();
			return true;
		case "reset":
			request.socket.resetAndDestroy();
			return true;
		default:
			return false;
	}
}
