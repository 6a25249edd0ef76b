// `node fetch.mjs URL FILE`
import { readFile } from "node:fs/promises";

const [url, file] = process.argv.slice(2);
const answer = await fetch(url, {
  method: "POST",
  headers: { "Content-Type": "image/jpeg" },
  body: await readFile(file),
});
console.log(answer.status, await answer.text());
