/**
 * Where the program's own files are (templates/, scripts/). This file stays directly below `agent/`:
 * one level up is the root from here and, bundled, from `dist/`.
 */
export const PACKAGE_ROOT = new URL("../", import.meta.url);
