export const diskFormats = ["raw", "qcow2", "vhd", "gz"] as const;

export type DiskFormat = (typeof diskFormats)[number];

/** What `dock0 disk` can write: disks, and what starts a host that runs from memory. */
export const outputFormats = [
	...diskFormats,
	"iso",
	"pxe",
	"oci",
	"dir",
] as const;

export type OutputFormat = (typeof outputFormats)[number];
