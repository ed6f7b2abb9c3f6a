import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	documentUuid,
	packageComponent,
	parseSupplier,
	purlOf,
	type SoftwareList,
	uniqueComponents,
} from "./components.ts";
import { cyclonedxDocument } from "./cyclonedx.ts";
import { licenceExpression, spdxDocument } from "./spdx.ts";

const trixie = { type: "deb", namespace: "debian", name: "trixie" } as const;
const arch = { type: "alpm", namespace: "arch" } as const;

const list = (components: SoftwareList["components"]): SoftwareList => ({
	name: "web1",
	version: "3",
	epoch: 1_735_689_600,
	dock0Version: "0.1.0",
	components,
});

const libc = packageComponent(
	{
		name: "libstdc++6",
		version: "1:14.2.0-19",
		arch: "amd64",
		file: "pool/main/g/gcc-14/libstdc++6.deb",
		sha256: "a".repeat(64),
		bytes: 1,
		source: "gcc-14",
		homepage: "http://gcc.gnu.org/",
		maintainer: "Debian GCC Maintainers <debian-gcc@lists.debian.org>",
	},
	trixie,
	"root",
);

const pacman = packageComponent(
	{
		...{ name: "pacman", version: "7.0.0-1", arch: "x86_64", bytes: 1 },
		file: "pacman.pkg.tar.zst",
		sha256: "b".repeat(64),
		licences: ["GPL-2.0-or-later", "custom:odd one", "MIT OR ISC"],
	},
	arch,
	"root",
);

describe("a component", () => {
	it("has a purl with what scanners look for", () => {
		expect(libc.purl).toBe(
			"pkg:deb/debian/libstdc%2B%2B6@1:14.2.0-19?arch=amd64&distro=trixie&upstream=gcc-14%401:14.2.0-19",
		);
		expect(pacman.purl).toBe("pkg:alpm/arch/pacman@7.0.0-1?arch=x86_64");
		expect(purlOf({ type: "generic" }, "linux", "6.12", {})).toBe(
			"pkg:generic/linux@6.12",
		);
	});

	it("is listed once with all the parts that have it", () => {
		const both = uniqueComponents([
			libc,
			pacman,
			{ ...libc, parts: ["kernel"] },
		]);
		expect(both.map(({ name }) => name)).toEqual(["pacman", "libstdc++6"]);
		expect(both[1]?.parts).toEqual(["kernel", "root"]);
	});

	it("names its supplier without the quotes of an address", () => {
		expect(parseSupplier('"A, B" <a@b.example>')).toEqual({
			name: "A, B",
			email: "a@b.example",
		});
		expect(parseSupplier("Unknown Packager")?.email).toBeUndefined();
		expect(parseSupplier(undefined)).toBeUndefined();
		fc.assert(
			fc.property(fc.string(), (text) => {
				const supplier = parseSupplier(text);
				expect(supplier === undefined || supplier.name !== "").toBe(true);
			}),
		);
	});
});

describe("SPDX", () => {
	it("words licences as expressions, and keeps what is none as a reference", () => {
		const references = new Map<string, string>();
		expect(licenceExpression(pacman.licences, references)).toBe(
			"GPL-2.0-or-later AND LicenseRef-custom-odd-one AND (MIT OR ISC)",
		);
		expect([...references]).toEqual([
			["LicenseRef-custom-odd-one", "custom:odd one"],
		]);
		expect(licenceExpression([], references)).toBe("NOASSERTION");
	});

	it("has unique identifiers, and every relationship names one", () => {
		const document = spdxDocument(list([libc, pacman])) as {
			packages: { SPDXID: string }[];
			relationships: { relatedSpdxElement: string }[];
			creationInfo: { created: string };
		};
		const ids = document.packages.map(({ SPDXID }) => SPDXID);
		expect(new Set(ids).size).toBe(3);
		for (const id of ids) expect(id).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
		expect(
			document.relationships.map(
				({ relatedSpdxElement }) => relatedSpdxElement,
			),
		).toEqual(ids);
		expect(document.creationInfo.created).toBe("2025-01-01T00:00:00Z");
	});
});

describe("CycloneDX", () => {
	it("is what the official schema says", async () => {
		const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
		const check = (components: SoftwareList["components"]) =>
			validator.validate(JSON.stringify(cyclonedxDocument(list(components))));
		expect(await check([libc, pacman])).toBeNull();
		expect(await check([])).toBeNull();
		// The judge can find fault.
		expect(await check([{ ...libc, sha256: "not a hash" }])).not.toBeNull();
	});

	it("has a serial number that follows its content", () => {
		const uuid = documentUuid(list([libc]));
		expect(uuid).toMatch(
			/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
		);
		expect(documentUuid(list([libc]))).toBe(uuid);
		expect(documentUuid(list([pacman]))).not.toBe(uuid);
	});
});
