// `node http.mjs URL FILE`: the file is sent as a stream.
import { createReadStream, statSync } from "node:fs";
import { request } from "node:http";

const [url, file] = process.argv.slice(2);
const headers = { "Content-Type": "image/jpeg", "Content-Length": statSync(file).size };
const sending = request(url, { method: "POST", headers }, async (answer) => {
  const pieces = await answer.toArray();
  console.log(answer.statusCode, Buffer.concat(pieces).toString());
  process.exit(0);
});
createReadStream(file).pipe(sending);
