import { describe, expect, it } from "vitest";
import { linodeUrl, missingScopes, tokenOfCliConfig } from "./token.ts";

describe("the token", () => {
	it("is that of linode-cli's default user", () => {
		const text = `[DEFAULT]
default-user = second

[first]
token = aaaa
region = eu-central

[second]
token = bbbb`;
		expect(tokenOfCliConfig(text)).toBe("bbbb");
		expect(tokenOfCliConfig("[DEFAULT]\ntoken = cccc")).toBe("cccc");
		expect(tokenOfCliConfig("nonsense")).toBeUndefined();
	});

	const wanted = ["linodes", "images", "events"];
	it("has to have every scope that a deploy needs", () => {
		expect(missingScopes("*", wanted)).toEqual([]);
		expect(
			missingScopes(
				"linodes:read_write images:read_write events:read_only",
				wanted,
			),
		).toEqual([]);
		expect(
			missingScopes(
				"linodes:read_write,images:read_write,events:read_write",
				wanted,
			),
		).toEqual([]);
		expect(missingScopes("linodes:read_only events:read_only", wanted)).toEqual(
			["linodes:read_write", "images:read_write"],
		);
	});
});

it("takes the API's address with or without its version", () => {
	expect(linodeUrl({})).toBe("https://api.linode.com/v4");
	expect(linodeUrl({ LINODE_URL: "http://127.0.0.1:9/" })).toBe(
		"http://127.0.0.1:9/v4",
	);
	expect(linodeUrl({ LINODE_URL: "https://api.linode.com/v4beta" })).toBe(
		"https://api.linode.com/v4beta",
	);
});
