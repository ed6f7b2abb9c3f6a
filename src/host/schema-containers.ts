import * as z from "zod";
import { prefixFamily } from "./addresses.ts";
import {
	cidr,
	portNumber,
	protocolSchema,
	sourcePath,
} from "./schema-parts.ts";

const name = z
	.string()
	.regex(
		/^[a-z0-9][a-z0-9_.-]{0,62}$/,
		"small letters, digits, and _ . - after the first",
	);

const seconds = z.int().min(1).max(86_400);

const envName = z
	.string()
	.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "a variable's name");

const oneLine = z
	.string()
	.regex(
		/^[^\r\n]*$/,
		"one line: Docker's env files have no way to write more",
	);

const envText = z
	.string()
	.refine(
		(text) =>
			text
				.split("\n")
				.every((line) =>
					/^\s*(#.*|[A-Za-z_][A-Za-z0-9_]*(=[^\r]*)?)?$/.test(line),
				),
		"lines of NAME=value",
	);

const publishedPort = z.strictObject({
	external: portNumber.describe("port of the host"),
	internal: portNumber
		.optional()
		.describe("port in the container; default the same"),
	protocol: protocolSchema.default("tcp").describe("tcp or udp"),
	from: z
		.array(cidr)
		.default([])
		.describe("networks that may reach it; default all"),
});

const healthSchema = z.strictObject({
	command: z
		.string()
		.min(1)
		.describe("run in the container by its shell; exit code 0 means healthy"),
	interval: seconds.default(10).describe("seconds between two checks"),
	timeout: seconds.default(5).describe("seconds that a check may take"),
	retries: z
		.int()
		.min(1)
		.max(100)
		.default(3)
		.describe("failures in a row that count"),
	startPeriod: z
		.int()
		.min(0)
		.max(3600)
		.default(0)
		.describe("seconds in which failures do not count"),
});

const secretSchema = z.union([
	z.string(),
	z.strictObject({
		value: z
			.string()
			.describe(
				"the secret, usually from a file or the environment (docs/config.md)",
			),
		uid: z
			.int()
			.min(0)
			.default(0)
			.describe("who in the container may read it, by number"),
	}),
]);

const containerSchema = z.strictObject({
	image: z
		.string()
		.regex(
			/^[a-z0-9][A-Za-z0-9._/:@-]*$/,
			"an image, e.g. registry.example.org/web:1.2",
		)
		.describe("from `host.images`, the root, or a registry"),
	command: z
		.array(z.string())
		.default([])
		.describe("replaces the image's command"),
	entrypoint: z
		.string()
		.optional()
		.describe("replaces the image's entry point"),
	ports: z
		.array(publishedPort)
		.default([])
		.describe(
			"ports of the host that lead into it, IPv4 and IPv6; to declare them opens the firewall",
		),
	env: z.record(envName, oneLine).default({}).describe("variables"),
	envFile: envText
		.optional()
		.describe("more variables as the text of an env file"),
	envScript: sourcePath
		.optional()
		.describe("an executable run at build whose output is an env file"),
	secrets: z
		.record(
			z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, "a file name"),
			secretSchema,
		)
		.default({})
		.describe(
			"files in /run/secrets, of mode 0400; only the bundle holds them",
		),
	volumes: z
		.array(
			z
				.string()
				.regex(
					/^[^:\r\n]+:\/[^:\r\n]*(:[a-z,]+)?$/,
					"NAME:/path or /host/path:/path, and :ro if wanted",
				),
		)
		.default([])
		.describe("named volumes or folders of the host"),
	networks: z
		.array(name)
		.default([])
		.describe(
			"Docker networks, made when missing; their containers find each other by name. Default: Docker's own bridge",
		),
	user: z
		.string()
		.regex(/^[\w.:-]+$/, "user or uid:gid")
		.optional()
		.describe("who it runs as"),
	memory: z
		.string()
		.regex(/^[1-9]\d*[kmg]$/, 'e.g. "256m"')
		.optional()
		.describe("limit of memory"),
	cpus: z
		.number()
		.positive()
		.max(1024)
		.optional()
		.describe("limit of processors, e.g. 0.5"),
	pids: z.int().min(1).optional().describe("limit of processes"),
	readOnly: z
		.boolean()
		.default(false)
		.describe("its root file system cannot be written"),
	capabilities: z
		.strictObject({
			add: z
				.array(z.string().regex(/^[A-Z_]+$/, "e.g. NET_ADMIN"))
				.default([])
				.describe("capabilities to add"),
			drop: z
				.array(z.string().regex(/^[A-Z_]+$/, "e.g. ALL"))
				.default([])
				.describe("capabilities to take away"),
		})
		.prefault({})
		.describe("Linux capabilities"),
	options: z
		.array(z.string())
		.default([])
		.describe("further arguments of `docker create`"),
	health: healthSchema
		.optional()
		.describe(
			"when it counts as healthy; default: it runs, and each TCP port is listened to",
		),
	startSeconds: seconds
		.default(60)
		.describe(
			"how long a new container may take to become healthy before it is given up",
		),
	stopSeconds: seconds
		.default(10)
		.describe("how long it may take to end after SIGTERM"),
	drainSeconds: z
		.int()
		.min(0)
		.max(3600)
		.default(10)
		.describe("how long a replaced container may finish its open connections"),
	restart: z
		.enum(["always", "on-failure", "no"])
		.default("always")
		.describe("what happens when it ends"),
	depends: z
		.array(name)
		.default([])
		.describe("containers that are started before"),
});

const composeSchema = z.union([
	sourcePath,
	z.strictObject({
		file: sourcePath.describe("the compose file"),
		env: envText.optional().describe("the project's .env file"),
	}),
]);

/** The keys of `host:` about containers. */
export const containersSchema = {
	docker: z
		.strictObject({
			network4: z
				.string()
				.refine((text) => prefixFamily(text) === 4, "an IPv4 network")
				.default("172.20.0.0/14")
				.describe("IPv4 addresses of containers"),
			network6: z
				.string()
				.refine(
					(text) =>
						prefixFamily(text) === 6 && Number(text.split("/")[1]) <= 56,
					"an IPv6 network of length 56 or shorter",
				)
				.optional()
				.describe(
					"IPv6 addresses of containers; default a ULA prefix made from the host's name",
				),
			masquerade6: z
				.boolean()
				.default(true)
				.describe(
					"hide containers behind the host's IPv6 address; off for a prefix that is routed here",
				),
			logSize: z
				.string()
				.regex(/^[1-9]\d*[km]$/, 'e.g. "10m"')
				.default("10m")
				.describe("largest log file of a container; three are kept"),
			registries: z
				.record(
					z
						.string()
						.regex(/^[A-Za-z0-9][A-Za-z0-9.:/-]*$/, "a registry's name"),
					z.strictObject({
						username: z.string().describe("user name"),
						password: z
							.string()
							.describe(
								"password or token, usually from a file or the environment (docs/config.md)",
							),
					}),
				)
				.default({})
				.describe("credentials by registry"),
			settings: z
				.record(z.string(), z.unknown())
				.default({})
				.describe("further keys of Docker's daemon.json"),
		})
		.prefault({})
		.describe("the Docker daemon"),
	images: z
		.array(sourcePath)
		.default([])
		.describe(
			"archives of `docker save` or OCI archives that the bundle brings; loaded once each",
		),
	containers: z
		.record(name, containerSchema)
		.default({})
		.describe("each becomes a supervised service"),
	compose: z
		.record(name, composeSchema)
		.default({})
		.describe(
			"compose projects, run by Docker's own plugin (profile dock0/compose)",
		),
} as const;

const all = z.strictObject(containersSchema);
export type DockerSettings = z.output<typeof all>["docker"];
export type ContainerSettings = z.output<typeof containerSchema>;
