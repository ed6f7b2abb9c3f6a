/*
 * Everything that a deploy makes carries its number in its label, at most 48 characters for disks and
 * profiles, 50 for images. Labels are not unique for the API; these are.
 */

export const bootDiskLabel = (id: string): string => `dock0-boot-${id}`;
export const dataDiskLabel = (id: string): string => `dock0-data-${id}`;
export const profileLabel = (id: string): string => `dock0-${id}`;

/** Of the disk and profile that write a boot disk. */
export const makerLabel = (id: string): string => `dock0-maker-${id}`;

/** By content, so that hosts and later deploys find it. */
export const imageLabel = (sha256: string): string =>
	`dock0-${sha256.slice(0, 40)}`;

/** Says who uploaded an image: the project, and the deploy. */
export const imageDescription = (owner: string, id: string): string =>
	`dock0 ${owner} ${id}`;

export const isOurDisk = (label: string): boolean =>
	/^dock0-(boot|data|maker)-[0-9a-f]{8}$/.test(label);
export const isDataDisk = (label: string): boolean =>
	/^dock0-data-[0-9a-f]{8}$/.test(label);
export const isOurProfile = (label: string): boolean =>
	/^dock0-(maker-)?[0-9a-f]{8}$/.test(label);
