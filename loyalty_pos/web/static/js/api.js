// One call to the service.  A call that changes something carries the key of its action: the
// page repeats it with the same key, so a lost answer never counts twice.

const TRIES = 3;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// The service said no (4xx), or could not answer (status 0 or 5xx: the outcome is not known).
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || "");
    this.status = status;
    this.code = body.code || "";
  }

  get unsure() {
    return this.status === 0 || this.status >= 500 || this.code === "in_progress";
  }
}

export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Resolves with the answer's JSON; throws Problem.  A repeatable call (a read, a quote, anything
// with a key) is tried again by itself while the service is busy or out of reach.
export async function call(method, path, { body, key, language, signal } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await once(method, path, { body, key, language, signal });
    if (answer.ok) return answer.body;
    if (answer.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
    const problem = new Problem(answer.status, answer.body);
    if (attempt === TRIES || !(problem.unsure || answer.status === 503)) throw problem;
    await pause(answer.retryAfter ? Math.min(answer.retryAfter, 2) * 1000 : 200 * attempt);
  }
}

async function once(method, path, { body, key, language, signal }) {
  const headers = { Accept: "application/json", "Accept-Language": language };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  try {
    const response = await fetch(path, {
      method, headers, signal, credentials: "same-origin", cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const json = await response.json().catch(() => ({}));
    return { ok: response.ok, status: response.status, body: json, retryAfter: Number(response.headers.get("Retry-After")) };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return { ok: false, status: 0, body: {}, retryAfter: 0 };
  }
}
