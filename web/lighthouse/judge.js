// Has Lighthouse judge the first page as it is loaded, and a room as it stands.
//
//   node judge.js <browser> <address of a room> <folder for the report>
//
// It prints for each of them and each category the score, and what failed.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { startFlow } from "lighthouse";
import { launch } from "puppeteer-core";

const [executablePath, address, folder] = process.argv.slice(2);
const browser = await launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
try {
  const page = await browser.newPage();
  const flow = await startFlow(page, { flags: { onlyCategories: ["accessibility", "best-practices"] } });
  await flow.navigate(address, { name: "first page" });
  await page.locator("#sign-in").click();
  await page.waitForSelector('#state[data-state="open"]');
  await page.waitForSelector(".message");
  await flow.snapshot({ name: "room" });
  const { steps } = await flow.createFlowResult();
  const judged = steps.flatMap(({ name, lhr }) =>
    Object.values(lhr.categories).map((category) => ({
      what: `${name}, ${category.title}`,
      score: Math.round((category.score ?? 0) * 100),
      audits: category.auditRefs.filter(({ id }) => lhr.audits[id].score !== null).length,
      failed: category.auditRefs
        .filter(({ id, weight }) => weight > 0 && lhr.audits[id].score !== null && lhr.audits[id].score < 1)
        .map(({ id }) => `${id}: ${lhr.audits[id].title}`),
    })),
  );
  await writeFile(join(folder, "lighthouse.html"), await flow.generateReport());
  console.log(JSON.stringify(judged));
} finally {
  await browser.close();
}
