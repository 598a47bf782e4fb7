import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { canonicalPath } from "../../../agent/api/path.ts";

const CASES: readonly [target: string, path: string, why: string][] = [
  ["/", "/", "the root stays"],
  ["//", "/", "controllers ask for the version at two slashes"],
  ["//?x=1", "/", "a query does not count"],
  ["//1.0/info", "/1.0/info", "only slashes in front are merged"],
  ["/1.0//info", "/1.0//info", "an empty segment inside stays one"],
  ["/1.0/info/", "/1.0/info/", "a trailing slash stays"],
  ["/1.0/info?a=/b#c", "/1.0/info", "query and fragment are cut"],
  ["https://[::1]:9443/1.0/info", "/1.0/info", "an absolute URL is reduced to its path"],
  ["https://amphora", "/", "an absolute URL may have no path"],
  ["*", "/*", "the asterisk form is a path that nobody has"],
  ["/a%2Fb", "/a/b", "an encoded slash separates segments"],
  ["/%2e%2e/x", "/../x", "encoded dots are dots, and stay where they are"],
  ["/../x", "/../x", "dots are not resolved"],
  ["/%252e", "/%252e", "decoding happens once"],
  ["/%zz%4", "/%25zz%254", "a lone percent sign stands for itself"],
  ["/%c3%84", "/%C3%84", "UTF-8 is kept"],
  ["/\u00c3\u0084", "/%C3%84", "so are its bytes when they come unencoded"],
  ["/%ff", "/%EF%BF%BD", "what is not UTF-8 becomes the replacement character"],
  ["/a%00b", "/a%00b", "a NUL stays visible"],
  ["/a%3Fb", "/a%3Fb", "an encoded question mark does not start a query"],
];

suite("canonicalPath", () => {
  for (const [target, path, why] of CASES) {
    test(`${target} gives ${path}: ${why}`, () => assert.equal(canonicalPath(target), path));
  }

  test("gives a path that decodes segment by segment, whatever comes in", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const path = canonicalPath(`/${text}`);
        assert.ok(path.startsWith("/"));
        for (const segment of path.split("/")) assert.ok(!decodeURIComponent(segment).includes("/"));
      }),
    );
  });

  test("keeps every segment that a client encodes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (text) => {
        fc.pre(!text.includes("/"));
        assert.equal(decodeURIComponent(canonicalPath(`/${encodeURIComponent(text)}`).slice(1)), text);
      }),
    );
  });
});
