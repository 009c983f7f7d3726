// Calls of the API. A token that has ended leads to the sign-in form; any other refusal is an Error with the API's text.

const path = (row, rest = "") =>
  `/api/v1/applications/${encodeURIComponent(row.namespace)}/${encodeURIComponent(row.name)}${rest}`;

async function call(url, options = {}) {
  const answer = await fetch(url, options);
  if (answer.status === 401) location.reload();
  const body = answer.headers.get("content-type")?.includes("json") ? await answer.json() : await answer.text();
  if (!answer.ok) throw new Error(body.error ?? body);
  return body;
}

const post = (url, body) =>
  call(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

export const readDetail = (row) => call(path(row));
export const readDiff = (row) => call(path(row, "/diff"));
export const readTrace = (row, id = "") => call(path(row, `/trace?id=${encodeURIComponent(id)}`));
export const readTraces = (row) => call(path(row, "/traces"));
export const askSync = (row, options) => post(path(row, "/sync"), options);
export const askRefresh = (row, hard = false) => post(path(row, "/refresh"), { hard });

/** Whether the session still holds; reloads into the sign-in form when it does not. */
export const checkSession = () => call("/api/v1/session");
