import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	hostForward,
	type PortForward,
	parsePort,
	resolvePorts,
} from "./ports.ts";

describe("parsePort", () => {
	it("reads every form", () => {
		expect(parsePort("8080:80")).toEqual({
			address: "127.0.0.1",
			host: 8080,
			guest: 80,
			protocol: "tcp",
		});
		expect(parsePort("0.0.0.0:5353:53/udp")).toEqual({
			address: "0.0.0.0",
			host: 5353,
			guest: 53,
			protocol: "udp",
		});
		expect(parsePort("0:22/tcp").host).toBe(0);
	});

	it.each([
		["80", "not of the form"],
		["8080:80:90:100", "not of the form"],
		["8080:0", "'0' is not a port number from 1"],
		["70000:80", "'70000' is not a port number from 0"],
		["-1:80", "'-1' is not a port number"],
		["8080:80/sctp", "'sctp' is neither tcp nor udp"],
		["8080:80/", "'' is neither"],
		["localhost:8080:80", "'localhost' is not an IPv4 address"],
		[":80", "'' is not a port number"],
		["8080:80 ", "'80 ' is not a port number"],
	])("says what is wrong with %j", (text, complaint) => {
		expect(() => parsePort(text)).toThrow(complaint);
	});

	it("reads back whatever can be written", () => {
		const port = fc.record({
			address: fc.ipV4(),
			host: fc.nat(65535),
			guest: fc.integer({ min: 1, max: 65535 }),
			protocol: fc.constantFrom<"tcp" | "udp">("tcp", "udp"),
		});
		fc.assert(
			fc.property(port, (p) => {
				expect(
					parsePort(`${p.address}:${p.host}:${p.guest}/${p.protocol}`),
				).toEqual(p);
			}),
		);
	});
});

describe("hostForward", () => {
	it("is QEMU's syntax", () => {
		expect(hostForward(parsePort("8080:80"))).toBe(
			"hostfwd=tcp:127.0.0.1:8080-:80",
		);
	});
});

describe("resolvePorts", () => {
	const usernet = [
		"Hub -1 (net0):",
		"  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ",
		"  TCP[HOST_FORWARD]  14       127.0.0.1 41234       10.0.2.15    80     0     0",
		"  TCP[HOST_FORWARD]  13       127.0.0.1  8080       10.0.2.15    80     0     0",
		"  UDP[HOST_FORWARD]  12               * 50123       10.0.2.15    53     0     0",
		"",
	].join("\r\n");

	it("fills in what the system chose, and leaves chosen numbers alone", () => {
		const wanted: PortForward[] = [
			parsePort("8080:80"),
			parsePort("0:80"),
			parsePort("0.0.0.0:0:53/udp"),
		];
		expect(resolvePorts(wanted, usernet).map(({ host }) => host)).toEqual([
			8080, 41234, 50123,
		]);
	});

	it("gives two equal wishes two different ports", () => {
		const text = `${usernet}  TCP[HOST_FORWARD]  15  127.0.0.1 41235  10.0.2.15  80  0  0`;
		const wanted = [parsePort("0:80"), parsePort("0:80")];
		const hosts = resolvePorts(wanted, text).map(({ host }) => host);
		expect(new Set(hosts).size).toBe(2);
		expect(hosts).not.toContain(0);
	});
});
