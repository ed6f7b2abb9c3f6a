import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressFamily, byFamily, prefixFamily } from "./addresses.ts";
import { firstSubnet, subnetOf } from "./docker.ts";

describe("addresses", () => {
	it("tells the family of every address and prefix", () => {
		fc.assert(
			fc.property(fc.ipV4(), fc.nat(40), (address, length) => {
				expect(addressFamily(address)).toBe(4);
				expect(prefixFamily(`${address}/${length}`)).toBe(length <= 32 ? 4 : 0);
			}),
		);
		fc.assert(
			fc.property(fc.ipV6(), fc.nat(140), (address, length) => {
				expect(addressFamily(address)).toBe(6);
				expect(prefixFamily(`${address}/${length}`)).toBe(
					length <= 128 ? 6 : 0,
				);
			}),
		);
	});

	it("takes nothing else", () => {
		for (const text of ["", "1.2.3", "fe80::1%eth0", "1.2.3.4.5", "host"])
			expect(addressFamily(text)).toBe(0);
		for (const text of [
			"10.0.0.0",
			"10.0.0.0/",
			"10.0.0.0/08",
			"10.0.0.0/8/8",
			"x/8",
		])
			expect(prefixFamily(text)).toBe(0);
	});

	it("splits by family and keeps the order", () => {
		expect(byFamily(["::/0", "10.0.0.0/8", "fd00::/8", "0.0.0.0/0"])).toEqual({
			v4: ["10.0.0.0/8", "0.0.0.0/0"],
			v6: ["::/0", "fd00::/8"],
		});
	});

	it("gives each Docker network a subnet inside of the host's network, never the bridge's", () => {
		const within = "fd12:3456:789a::/48";
		fc.assert(
			fc.property(fc.string(), (name) => {
				const subnet = subnetOf(name, within);
				expect(isIP(subnet.replace("/64", ""))).toBe(6);
				expect(subnet).toMatch(/^fd12:3456:789a:[0-9a-f]+::\/64$/);
				expect(subnet).not.toMatch(/789a:0::/);
			}),
		);
		expect(firstSubnet(within)).toBe("fd12:3456:789a::/64");
		expect(subnetOf("x", "2001:db8:0:ff00::/56")).toMatch(
			/^2001:db8:0:ff[0-9a-f]{2}::\/64$/,
		);
	});
});
