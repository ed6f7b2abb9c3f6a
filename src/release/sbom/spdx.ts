import { sha256 } from "../../system/files.ts";
import {
	type Component,
	documentUuid,
	type SoftwareList,
	timeStamp,
} from "./components.ts";

const nothingSaid = "NOASSERTION";

/** The list as an SPDX 2.3 document (https://spdx.github.io/spdx-spec/v2.3/). */
export function spdxDocument(list: SoftwareList): object {
	const { name, version, components, dock0Version } = list;
	const release = "SPDXRef-Release";
	const references = new Map<string, string>();
	const packages = components.map((one) => describe(one, references));
	return {
		spdxVersion: "SPDX-2.3",
		dataLicense: "CC0-1.0",
		SPDXID: "SPDXRef-DOCUMENT",
		name: `${name}-${version}`,
		documentNamespace: `https://spdx.org/spdxdocs/${encodeURIComponent(name)}-${documentUuid(list)}`,
		creationInfo: {
			created: timeStamp(list),
			creators: [`Tool: dock0-${dock0Version}`],
		},
		packages: [
			{
				SPDXID: release,
				name,
				versionInfo: version,
				downloadLocation: nothingSaid,
				filesAnalyzed: false,
				licenseConcluded: nothingSaid,
				licenseDeclared: nothingSaid,
				copyrightText: nothingSaid,
				primaryPackagePurpose: "OPERATING-SYSTEM",
			},
			...packages,
		],
		...(references.size > 0
			? {
					hasExtractedLicensingInfos: [...references]
						.sort(([a], [b]) => (a < b ? -1 : 1))
						.map(([licenseId, text]) => ({
							licenseId,
							name: text,
							extractedText: text,
						})),
				}
			: {}),
		relationships: [
			{
				spdxElementId: "SPDXRef-DOCUMENT",
				relationshipType: "DESCRIBES",
				relatedSpdxElement: release,
			},
			...packages.map(({ SPDXID }) => ({
				spdxElementId: release,
				relationshipType: "CONTAINS",
				relatedSpdxElement: SPDXID,
			})),
		],
	};
}

function describe(one: Component, references: Map<string, string>) {
	const { supplier, source } = one;
	return {
		// Letters, digits, dots and hyphens only; the hash keeps what that makes alike apart.
		SPDXID: `SPDXRef-${one.name.replaceAll(/[^A-Za-z0-9.-]/g, "-")}-${sha256(one.purl).slice(0, 12)}`,
		name: one.name,
		versionInfo: one.version,
		downloadLocation: nothingSaid,
		filesAnalyzed: false,
		...(supplier
			? {
					supplier: `Person: ${supplier.name}${supplier.email ? ` (${supplier.email})` : ""}`,
				}
			: {}),
		...(one.homepage ? { homepage: one.homepage } : {}),
		...(one.sha256
			? { checksums: [{ algorithm: "SHA256", checksumValue: one.sha256 }] }
			: {}),
		...(source
			? {
					sourceInfo: `built from source package ${source.name} ${source.version}`,
				}
			: {}),
		licenseConcluded: nothingSaid,
		licenseDeclared: licenceExpression(one.licences, references),
		copyrightText: nothingSaid,
		...(one.description ? { summary: one.description } : {}),
		comment: `part of ${one.parts.join(", ")}`,
		externalRefs: [
			{
				referenceCategory: "PACKAGE-MANAGER",
				referenceType: "purl",
				referenceLocator: one.purl,
			},
		],
	};
}

/** Licences of the SPDX list that packages usually name by their identifiers; `with` and rarer ones become references. */
const identifier =
	/^((A|L)?GPL-[123]\.[01]-(only|or-later)|MIT|ISC|Zlib|0BSD|BSD-[234]-Clause|Apache-2\.0|MPL-2\.0|CC0-1\.0|PSF-2\.0|BSL-1\.0|Unlicense|OpenSSL|curl|bzip2-1\.0\.6|Artistic-2\.0|OFL-1\.1)$/;

/** @param references gets what is not of the SPDX list, by the name it is given here */
export function licenceExpression(
	licences: readonly string[],
	references: Map<string, string>,
): string {
	const terms = licences
		// What a database lists as one entry may be an expression itself.
		.map((text) => text.split(/ (AND|OR) /))
		.map((words) =>
			words.map((word, at) => {
				if (at % 2 === 1 || identifier.test(word)) return word;
				const reference = `LicenseRef-${word.replaceAll(/[^A-Za-z0-9.-]+/g, "-").replaceAll(/^-|-$/g, "") || "unnamed"}`;
				references.set(reference, word);
				return reference;
			}),
		)
		.map((words) => (words.length > 1 ? `(${words.join(" ")})` : words[0]));
	return terms.length > 0 ? terms.join(" AND ") : nothingSaid;
}
