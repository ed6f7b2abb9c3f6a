import {
	type Component,
	documentUuid,
	type SoftwareList,
	timeStamp,
} from "./components.ts";

/** The list as a CycloneDX 1.6 document (https://cyclonedx.org/docs/1.6/json/). */
export function cyclonedxDocument(list: SoftwareList): object {
	const { name, version, components, dock0Version } = list;
	const release = "release";
	return {
		$schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
		bomFormat: "CycloneDX",
		specVersion: "1.6",
		serialNumber: `urn:uuid:${documentUuid(list)}`,
		version: 1,
		metadata: {
			timestamp: timeStamp(list),
			tools: {
				components: [
					{ type: "application", name: "dock0", version: dock0Version },
				],
			},
			component: {
				type: "operating-system",
				"bom-ref": release,
				name,
				version,
			},
		},
		components: components.map(describe),
		dependencies: [
			{ ref: release, dependsOn: components.map(({ purl }) => purl) },
		],
	};
}

function describe(one: Component): object {
	const { supplier, homepage } = one;
	return {
		type: "library",
		"bom-ref": one.purl,
		...(supplier
			? {
					supplier: {
						name: supplier.name,
						...(supplier.email ? { contact: [{ email: supplier.email }] } : {}),
					},
				}
			: {}),
		name: one.name,
		version: one.version,
		...(one.description ? { description: one.description } : {}),
		...(one.sha256
			? { hashes: [{ alg: "SHA-256", content: one.sha256 }] }
			: {}),
		...(one.licences.length > 0
			? { licenses: one.licences.map((text) => ({ license: { name: text } })) }
			: {}),
		purl: one.purl,
		...(homepage && URL.canParse(homepage)
			? { externalReferences: [{ type: "website", url: homepage }] }
			: {}),
		properties: one.parts.map((part) => ({ name: "dock0:part", value: part })),
	};
}
