import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { badRequestReply, errorReply, frameworkReply } from "../../../agent/api/error-mapper.ts";
import type { Reply } from "../../../agent/api/reply.ts";
import {
  AgentError,
  type ErrorCode,
  NoSuitableInterfaceError,
  RejectedBodyError,
} from "../../../agent/errors.ts";

const body = (reply: Reply) => reply.body.toString();

/** The controller takes every other status for success (docs/contract/rest-api.md, 3.3). */
const UNDERSTOOD = new Set([400, 401, 403, 404, 405, 409, 500, 503]);

suite("errorReply", () => {
  const codes: Record<ErrorCode, number> = {
    invalidInput: 400,
    notFound: 404,
    conflict: 409,
    commandFailed: 500,
    internal: 500,
    unavailable: 503,
  };
  for (const [code, status] of Object.entries(codes) as [ErrorCode, number][]) {
    test(`answers ${code} with ${status}, which the controller understands`, () => {
      const reply = errorReply(new AgentError(code, "what failed", { details: "why" }));
      assert.equal(reply.status, status);
      assert.ok(UNDERSTOOD.has(reply.status));
      assert.equal(body(reply), '{"message":"what failed","details":"why"}');
    });
  }

  test("leaves details out when there are none", () => {
    assert.equal(
      body(errorReply(new AgentError("conflict", "Interface already exists"))),
      '{"message":"Interface already exists"}',
    );
  });

  test("gives a rejected body the framework's shape and keeps the reason to itself", () => {
    const reply = errorReply(new RejectedBodyError("Invalid port information", "mac_address is missing"));
    assert.equal(body(reply), '{"error":"400 Bad Request: Invalid port information","http_code":400}');
  });

  test("gives a missing interface no message", () => {
    assert.equal(
      body(errorReply(new NoSuitableInterfaceError("aa"))),
      '{"details":"No suitable network interface found"}',
    );
  });

  for (const thrown of [new Error("secret"), new TypeError("secret"), "secret", undefined, { status: 404 }]) {
    test(`answers ${String(thrown)} like any other accident, and tells nothing of it`, () => {
      assert.deepEqual(errorReply(thrown), frameworkReply(500));
      assert.ok(!body(errorReply(thrown)).includes("secret"));
    });
  }
});

suite("framework replies", () => {
  const texts = {
    404: "404 Not Found: The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.",
    405: "405 Method Not Allowed: The method is not allowed for the requested URL.",
    500: "500 Internal Server Error: The server encountered an internal error and was unable to complete your request. Either the server is overloaded or there is an error in the application.",
  };
  for (const status of [404, 405, 500] as const) {
    test(`${status} has the contract's words`, () => {
      assert.equal(body(frameworkReply(status)), `{"error":"${texts[status]}","http_code":${status}}`);
      assert.equal(frameworkReply(status).status, status);
    });
  }

  test("a broken request is a 400", () => {
    assert.equal(body(badRequestReply("no")), '{"error":"400 Bad Request: no","http_code":400}');
    assert.equal(badRequestReply("no").status, 400);
  });
});
