/** Where an amphora keeps its files, unless a document's settings say otherwise (docs/contract/rendering.md, 1.7). */
export const BASE_PATH = "/var/lib/octavia";
