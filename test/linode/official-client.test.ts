import { once } from "node:events";
import { request } from "node:http";
import { gzipSync } from "node:zlib";
import * as official from "@linode/api-v4";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openBed, type TestBed } from "./bed.ts";
import { modelDriver } from "./model-driver.ts";
import { type BedClock, virtualClock } from "./virtual-clock.ts";

/** What is used of the provider's own client; its types cannot be resolved by Node's rules. */
interface Official {
	baseRequest: {
		interceptors: {
			request: {
				use(change: (config: AxiosConfig) => AxiosConfig): number;
				eject(id: number): void;
			};
		};
	};
	getLinodes(params: object, filter: object): Promise<Page>;
	getLinode(id: number): Promise<Item>;
	getLinodeDisks(id: number): Promise<Page>;
	getLinodeConfigs(id: number): Promise<Page>;
	createLinodeDisk(id: number, body: object): Promise<Item>;
	createLinodeConfig(id: number, body: object): Promise<Item>;
	deleteLinodeConfig(id: number, config: number): Promise<object>;
	linodeReboot(id: number, config: number): Promise<object>;
	getEvents(params: object, filter: object): Promise<Page>;
	uploadImage(body: object): Promise<{ image: Item; upload_to: string }>;
	getImage(id: string): Promise<Item>;
	deleteImage(id: string): Promise<object>;
}
interface AxiosConfig {
	url?: string;
	headers: Record<string, string>;
}
type Item = { id: number; status: string } & Record<string, unknown>;
interface Page {
	data: Item[];
	results: number;
}

const client = official as unknown as Official;
const real = /^https:\/\/api\.linode\.com\/v4(beta)?(?=\/)/;

let bed: TestBed;
let clock: BedClock;
let interceptor: number;
const driver = modelDriver();
beforeAll(async () => {
	clock = virtualClock();
	bed = await openBed({ clock, driver });
	// It knows only the real address: what is not turned round must not leave this machine.
	interceptor = client.baseRequest.interceptors.request.use((config) => {
		if (!config.url || !real.test(config.url))
			throw new Error(`a request to ${config.url} is not for the test bed`);
		config.url = config.url.replace(real, bed.url);
		config.headers.Authorization = `Bearer ${bed.token}`;
		return config;
	});
});
afterAll(async () => {
	client.baseRequest.interceptors.request.eject(interceptor);
	await bed.close();
});

it("does with the provider's own client what it does with ours", async () => {
	const linode = await bed.addStockLinode({ label: "web1", diskSize: 10_000 });
	const found = await client.getLinodes({}, { label: "web1" });
	expect(found.data).toMatchObject([{ id: linode.id, status: "running" }]);
	expect((await client.getLinodes({}, { label: "web9" })).results).toBe(0);

	const { image, upload_to: url } = await client.uploadImage({
		label: "an image",
		region: "eu-central",
	});
	const put = request(url, { method: "PUT" }).end(gzipSync("good"));
	const [answer] = (await once(put, "response")) as [{ statusCode: number }];
	expect(answer.statusCode).toBe(200);
	await clock.sleep(300_000);
	expect((await client.getImage(String(image.id))).status).toBe("available");

	const wanted = { label: "new", size: 2000, root_pass: "Aa1!aaaaaaaaaaaa" };
	const disk = await client.createLinodeDisk(linode.id, {
		...wanted,
		image: String(image.id),
	});
	await expect(
		client.createLinodeDisk(linode.id, { ...wanted, image: String(image.id) }),
	).rejects.toMatchObject({
		response: { data: { errors: [{ reason: "Linode busy." }] } },
	});
	await clock.sleep(120_000);
	expect((await client.getLinodeDisks(linode.id)).data).toContainEqual(
		expect.objectContaining({ id: disk.id, status: "ready" }),
	);

	const trap = await client.createLinodeConfig(linode.id, {
		label: "standard values",
		devices: { sda: { disk_id: disk.id } },
	});
	expect(trap).toMatchObject({
		kernel: "linode/latest-64bit",
		helpers: { network: true, distro: true },
	});
	await client.linodeReboot(linode.id, trap.id);
	await clock.sleep(120_000);
	const events = await client.getEvents(
		{},
		{ "entity.id": linode.id, "+order_by": "id", "+order": "desc" },
	);
	expect(events.data[0]).toMatchObject({
		action: "linode_reboot",
		status: "finished",
		secondary_entity: { id: trap.id },
	});
	// It runs, says the API; but nothing came up.
	expect((await client.getLinode(linode.id)).status).toBe("running");
	expect(driver.guest(linode.id)?.healthy).toBe(false);
	await client.deleteLinodeConfig(linode.id, trap.id);
	expect((await client.getLinodeConfigs(linode.id)).results).toBe(1);
	await client.deleteImage(String(image.id));
	expect(bed.account.images).toEqual([]);
});
