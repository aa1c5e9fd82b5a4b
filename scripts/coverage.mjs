// Prints one line for each module with the acceptance tests that passed in the last `make test`, and the count.
// Rust tests are named `m054_…`, browser tests begin with `m054 …`.
import { existsSync, readFileSync } from "node:fs";
import { stdout } from "node:process";

const JUNIT = "target/nextest/ci/junit.xml";
const BROWSER = "target/browser-tests.json";

const modules = [...readFileSync("docs/modules.md", "utf8").matchAll(/^- (M\d{3}) (.*)$/gm)];
const passed = new Map(modules.map(([, number]) => [number, new Set()]));

function note(name) {
  for (const [, digits] of name.matchAll(/(?:^|[:\s_])m(\d{3})(?=[_\s])/g)) passed.get(`M${digits}`)?.add(name);
}

function readRust() {
  const xml = readFileSync(JUNIT, "utf8");
  for (const [, attributes, body] of xml.matchAll(/<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    if (/<(failure|error|skipped)\b/.test(body ?? "")) continue;
    note(/name="([^"]*)"/.exec(attributes)?.[1] ?? "");
  }
}

function readBrowser(suite) {
  for (const child of suite.suites ?? []) readBrowser(child);
  for (const spec of suite.specs ?? []) if (spec.ok) note(spec.title);
}

if (existsSync(JUNIT)) readRust();
else console.error(`no ${JUNIT}: run make test first`);
if (existsSync(BROWSER)) readBrowser(JSON.parse(readFileSync(BROWSER, "utf8")));
else console.error(`no ${BROWSER}: run make test first`);

for (const [, number, title] of modules) {
  const tests = [...passed.get(number)].map((name) => name.split("::").at(-1));
  stdout.write(`${number} ${title}: ${tests.length ? [...new Set(tests)].join(", ") : "-"}\n`);
}
const covered = [...passed.values()].filter((tests) => tests.size).length;
stdout.write(`${covered} of ${modules.length} modules have passing acceptance tests\n`);
