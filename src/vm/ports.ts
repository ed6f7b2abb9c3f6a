import { isIPv4 } from "node:net";
import { ExpectedError } from "../system/errors.ts";

/** A port of this machine that leads to a port of the guest. */
export interface PortForward {
	/** IPv4 address on this machine. */
	address: string;
	/** 0 means that the system chooses. */
	host: number;
	guest: number;
	protocol: "tcp" | "udp";
}

/**
 * Reads `[ADDRESS:]HOST:GUEST[/tcp|/udp]`; objects pass as they are.
 * @throws ExpectedError (exit code 2) that says which part is wrong.
 */
export function parsePort(spec: string | PortForward): PortForward {
	if (typeof spec !== "string") return spec;
	const match = /^(?:([^:/]*):)?([^:/]*):([^:/]*)(?:\/(.*))?$/.exec(spec);
	if (!match)
		throw wrongPort(spec, "it is not of the form [ADDRESS:]HOST:GUEST[/tcp]");
	const [, address = "127.0.0.1", host = "", guest = "", protocol = "tcp"] =
		match;
	if (!isIPv4(address))
		throw wrongPort(spec, `'${address}' is not an IPv4 address`);
	if (protocol !== "tcp" && protocol !== "udp")
		throw wrongPort(spec, `the protocol '${protocol}' is neither tcp nor udp`);
	return {
		address,
		host: portNumber(spec, host, 0),
		guest: portNumber(spec, guest, 1),
		protocol,
	};
}

/** `127.0.0.1:8080 -> 80/tcp`, for people. */
export function describePort(port: PortForward): string {
	return `${port.address}:${port.host} -> ${port.guest}/${port.protocol}`;
}

/** The `hostfwd` part of `-netdev user`; see qemu-system-x86_64(1). */
export function hostForward(port: PortForward): string {
	return `hostfwd=${port.protocol}:${port.address}:${port.host}-:${port.guest}`;
}

/**
 * Replaces each host port 0 by the one that the system chose, as the monitor's `info usernet` tells.
 * Its lines: `TCP[HOST_FORWARD]  12  127.0.0.1 41234  10.0.2.15  80  0  0`.
 */
export function resolvePorts(
	wanted: readonly PortForward[],
	usernet: string,
): PortForward[] {
	const forwards = [
		...usernet.matchAll(
			/^\s*(TCP|UDP)\[HOST_FORWARD\]\s+\d+\s+(\S+)\s+(\d+)\s+\S+\s+(\d+)/gm,
		),
	].map(([, protocol, address, host, guest]) => ({
		protocol: protocol?.toLowerCase(),
		address: address === "*" ? "0.0.0.0" : address,
		host: Number(host),
		guest: Number(guest),
	}));
	const fixed = new Set(
		wanted.filter(({ host }) => host).map(({ host }) => host),
	);
	return wanted.map((port) => {
		if (port.host !== 0) return port;
		const index = forwards.findIndex(
			(forward) =>
				forward.protocol === port.protocol &&
				forward.guest === port.guest &&
				forward.address === port.address &&
				!fixed.has(forward.host),
		);
		const [found] = index < 0 ? [] : forwards.splice(index, 1);
		return found ? { ...port, host: found.host } : port;
	});
}

function portNumber(spec: string, text: string, minimum: number): number {
	const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
	if (!(value >= minimum && value <= 65535))
		throw wrongPort(
			spec,
			`'${text}' is not a port number from ${minimum} to 65535`,
		);
	return value;
}

function wrongPort(spec: string, why: string): ExpectedError {
	return new ExpectedError({
		code: "VM_PORT_INVALID",
		message: `cannot understand the port forward '${spec}': ${why}`,
		hint: "examples: 8080:80, 0.0.0.0:8080:80/tcp, 5353:53/udp, 0:80 for any free port",
	});
}
