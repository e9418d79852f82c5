// Tells a scanner from a person, and keeps the scan field focused.
// A scanner in keyboard mode types faster than anybody: six or more characters, on average under
// 35 ms apart.  One slow key of a busy machine does not cut a scan in two.  Such a burst is taken
// out of whatever field it hit; slower keys are typing and left alone.

const FAST = 35; // ms between the keys of a scanner, on average
const GAP = 100; // ms: the longest pause within a burst
const SHORTEST = 6; // characters
const SILENCE = 120; // ms after which a scan without Enter is complete
const IDLE = 8000; // ms without a key after which the focus returns

const isText = (element) => element?.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select");

// onScan(text, entry): entry is "scan" or "typed".  onEmpty(): Enter in the empty field.
export function watch(field, { onScan, onEmpty }) {
  let burst = null; // {text, first, last, target, before}
  let silence = 0;
  let lastScan = -Infinity;
  let idle = 0;

  const focus = () => requestAnimationFrame(() => isText(document.activeElement) || field.focus());

  const isScan = () => burst && burst.text.length >= SHORTEST && burst.last - burst.first <= FAST * (burst.text.length - 1);

  // Keys that already wait to be handled come first; only then is it really silent.
  function listen() {
    clearTimeout(silence);
    const { last } = burst;
    silence = setTimeout(() => setTimeout(() => isScan() && burst.last === last && finish()), SILENCE);
  }

  function finish() {
    const { target, before } = burst;
    // The whole field, when that is where it landed: a slow first key must not be cut off.
    const text = target === field ? field.value.trim() : burst.text;
    burst = null;
    clearTimeout(silence);
    lastScan = performance.now();
    if (isText(target)) target.value = target === field ? "" : before;
    field.focus();
    onScan(text, "scan");
  }

  function press(event) {
    clearTimeout(idle);
    idle = setTimeout(() => document.activeElement?.value || field.focus(), IDLE);
    const now = event.timeStamp; // when the key came, however busy the page was
    const running = burst && now - burst.last <= GAP;
    if (event.key === "Enter" || event.key === "Tab") {
      if (running && isScan()) {
        event.preventDefault();
        event.stopImmediatePropagation();
        finish();
      }
      return;
    }
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey) return;
    if (!isText(document.activeElement)) field.focus();
    const target = document.activeElement;
    if (running && burst.target === target) {
      burst.text += event.key;
      burst.last = now;
    } else {
      burst = { text: event.key, first: now, last: now, target, before: target.value };
    }
    listen();
  }

  // Scanners that type through an input method send no usable keys: time what arrives instead.
  let arrived = { first: 0, last: 0 };
  field.addEventListener("input", (event) => {
    const now = event.timeStamp;
    const begins = field.value.length <= (event.data?.length ?? 1);
    arrived = { first: begins ? now : arrived.first, last: now };
  });

  field.form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    field.value = "";
    const pace = (arrived.last - arrived.first) / Math.max(1, text.length - 1);
    if (!text) {
      if (performance.now() - lastScan > 400) onEmpty();
      return;
    }
    const quick = text.length >= SHORTEST && pace > 0 && pace <= FAST;
    if (quick) lastScan = performance.now();
    onScan(text, quick ? "scan" : "typed");
  });

  document.addEventListener("keydown", press, true);
  document.addEventListener("click", focus);
  document.addEventListener("focusout", (event) => isText(event.target) && event.target !== field && focus());
  return focus;
}

// What a text is, as far as the page must know to ask the right question.
export function kindOf(text, cardPrefixes) {
  const digits = text.replace(/[\s.-]/g, "");
  if (/^99\d{16}$/.test(digits)) return { kind: "coupon", text: digits };
  if (/^96\d{16}$/.test(digits)) return { kind: "value", text: digits };
  if (/^(\+84|0)\d{9,10}$/.test(digits)) return { kind: "person", text: digits, phone: true };
  if (/^\d{13}$/.test(digits) && cardPrefixes.some((prefix) => digits.startsWith(prefix))) return { kind: "person", text: digits };
  const times = /^(\d{1,3})\s*[x*]\s*(\S{3,64})$/i.exec(text);
  if (times && Number(times[1])) return { kind: "goods", text: times[2], quantity: Number(times[1]) };
  if (/^[0-9A-Za-z][0-9A-Za-z._/-]{2,13}$/.test(text)) return { kind: "goods", text, quantity: 1 };
  return { kind: "person", text };
}
