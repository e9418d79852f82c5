// The till: one state, drawn again after every change; the service alone knows prices and rules.

import { call, newKey, Problem } from "./api.js";
import { fill, formats, roundAmounts } from "./format.js";
import { kindOf, watch } from "./scan.js";
import { settling } from "./settle.js";
import { purse } from "./values.js";
import { byPromotion, view } from "./view.js";

const root = document.getElementById("till");
const settings = JSON.parse(root.dataset.settings);
const words = JSON.parse(root.dataset.words);
const format = formats(settings);
const screen = view(format, words);
const $ = (id) => document.getElementById(id);
const ask = (method, path, options = {}) => call(method, `/api/v1${path}`, { ...options, language: settings.language });

const PRIVACY = 90_000; // ms without an action after which the member is cleared
const fresh = () => ({
  member: null, swipe: null, card: null, entry: null, coupons: [], off: new Set(), scanned: [],
  lines: [], points: 0, other: false, pricing: null, most: null, sale: null, undoLeft: 0, busy: false,
});
let state = fresh();
const values = purse(ask);
const isWallet = ({ kind }) => kind === "wallet";
let asked = 0; // the newest quote; older answers are dropped
let queue = Promise.resolve(); // scans are handled one after the other

// ---- what is asked of the service

const maySpend = () => state.member && !["typed", "phone"].includes(state.entry);
const usable = () => (maySpend() ? state.coupons.filter((coupon) => coupon.state === "issued") : []);
const presented = () => [...new Set([...usable().map((coupon) => coupon.code), ...state.scanned])].filter((code) => !state.off.has(code));

function basket(coupons) {
  const who = state.member ? { member: state.member.id, swipe_id: state.swipe } : {};
  return { ...who, lines: state.lines, coupons, redeem_points: state.points, pay_with: values.codes() };
}

async function reprice() {
  const mine = ++asked;
  const body = basket(presented());
  const pricing = await ask("POST", "/quotes", { body });
  if (mine !== asked) return;
  state.pricing = pricing;
  draw();
  const active = state.member?.points.active ?? 0;
  if (!maySpend() || !active || !state.lines.length) {
    state.most = null;
  } else {
    const all = await ask("POST", "/quotes", { body: { ...body, redeem_points: active } });
    if (mine !== asked) return;
    state.most = { points: all.points.redeemed, value: all.totals.points_value };
  }
  draw();
}

// ---- what the screen shows

function offers() {
  const parts = byPromotion(state.pricing);
  const answers = new Map((state.pricing?.coupons ?? []).map((coupon) => [coupon.code, coupon]));
  const known = new Map(state.coupons.map((coupon) => [coupon.code, coupon]));
  const rows = [];
  const locked = [];
  for (const code of new Set([...usable().map((coupon) => coupon.code), ...state.scanned])) {
    const coupon = known.get(code) ?? {};
    const answer = answers.get(code);
    const name = coupon.name || words.a_coupon;
    const why = coupon.valid_to ? fill(words.until, { day: format.day(coupon.valid_to) }) : "";
    if (answer?.status === "refused") {
      locked.push({ name, why: answer.message });
    } else if (answer || state.off.has(code)) {
      const saved = (answer && parts.get(coupon.promotion)?.amount) || 0;
      rows.push({ code, name, why, saved, ticked: !state.off.has(code) });
      if (answer) parts.delete(coupon.promotion);
    }
  }
  return { rows, locked, automatic: [...parts.values()] };
}

function choices() {
  if (!state.most?.points) return [];
  const { points, value } = state.most;
  const rate = value / points;
  const round = roundAmounts(value / 10 ** settings.exponent).map((amount) => amount * 10 ** settings.exponent);
  const amounts = round.filter((amount) => Number.isInteger(amount / rate) && amount / rate >= settings.minPoints);
  return [
    { label: words.none, points: 0 },
    ...(amounts.length ? amounts : [value]).map((amount) => ({ label: format.bare(amount), points: amount / rate })),
    { label: words.other, other: true },
  ];
}

function draw() {
  const shown = { ...state, ...offers(), choices: choices(), pointValue: settings.pointValue, values: values.rows() };
  for (const part of ["member", "sums", "done"]) screen[part](shown);
  screen.coupons(shown, toggleCoupon);
  screen.lines(shown, changeQuantity);
  screen.points(shown, choosePoints);
  screen.values(shown, toggleValue);
}

// Runs an action: redraws, reprices, says what went wrong, and gives the focus back.
async function act(change) {
  try {
    await change();
  } catch (error) {
    if (error.name !== "AbortError") explain(error);
  }
  draw();
  focus();
}

function explain(error, retry) {
  if (!(error instanceof Problem)) throw error;
  const retries = retry ? [{ label: words.again, run: retry }] : [];
  if (error.code.startsWith("payment_card")) screen.notice("bad", words.bank_card);
  else if (error.code === "invalid") screen.notice("bad", words.invalid);
  else if (error.code === "card_unknown") screen.notice("bad", words.card_unknown);
  else if (error.status === 0) screen.notice("bad", words.unreachable, retries);
  else if (error.status >= 500) screen.notice("bad", fill(words.failed, { code: error.code || error.status }), retries);
  else screen.notice("bad", error.message || fill(words.failed, { code: error.code || error.status }), retries);
}

// ---- scans

function scanned(text, entry) {
  screen.notice();
  queue = queue.then(() => act(() => handle(text, entry)));
}

async function handle(text, entry) {
  if (bill.locked()) return explain(new Problem(0, {}), settle);
  if (state.sale) next();
  const found = kindOf(text, settings.cardPrefixes);
  if (found.kind === "coupon") return addCoupon(found.text);
  if (found.kind === "value") return addValue(found.text);
  if (found.kind === "goods") return addGoods(found.text, found.quantity);
  return identify(found.text, found.phone && entry === "typed" ? "phone" : entry);
}

async function identify(swipe, entry) {
  const answer = await ask("POST", "/cards/identify", { body: { swipe, entry }, key: newKey() });
  if (state.member && state.member.id !== answer.member.id) {
    const name = answer.member.short_name || words.no_name;
    return screen.notice("warn", fill(words.another, { name }), [
      { label: words.keep, run: () => act(() => screen.notice()) },
      { label: words.change, run: () => act(() => { clearMember(); return welcome(answer, entry); }) },
    ]);
  }
  return welcome(answer, entry);
}

async function welcome({ member, swipe_id: swipe, card }, entry) {
  Object.assign(state, { member, swipe, card, entry });
  draw();
  if (card?.state === "blocked") screen.notice("warn", words.card_blocked);
  const [{ items }] = await Promise.all([ask("GET", `/members/${member.id}/coupons`), maySpend() && values.welcome(member.id)]);
  if (state.member?.id !== member.id) return values.drop(isWallet);
  state.coupons = items;
  await reprice();
}

async function addCoupon(code) {
  if (!state.scanned.includes(code)) state.scanned.push(code);
  state.off.delete(code);
  await reprice();
  const answer = state.pricing.coupons.find((coupon) => coupon.code === code);
  if (answer?.status !== "refused") return;
  if (!usable().some((coupon) => coupon.code === code)) state.scanned = state.scanned.filter((other) => other !== code);
  screen.notice("bad", answer.message);
}

async function addValue(code) {
  const { state: now } = await values.scan(code);
  if (now !== "active") return screen.notice("bad", words.value_blocked);
  await reprice();
  if (!state.lines.length || code in state.pricing.stored_value) return;
  values.drop((value) => value.code === code);
  await reprice();
  screen.notice("bad", words.value_not_usable);
}

async function addGoods(sku, quantity) {
  const line = state.lines.find((other) => other.sku === sku);
  if (line) {
    line.quantity += quantity;
    return reprice();
  }
  let product;
  try {
    product = await ask("GET", `/products/${encodeURIComponent(sku)}`);
  } catch (error) {
    if (error.status !== 404) throw error;
    return newGoods(sku, quantity);
  }
  if (product.unit_price == null) return newGoods(sku, quantity, product.name);
  return addLine({ sku, quantity, unit_price: product.unit_price, name: product.name });
}

function addLine(line) {
  const last = state.lines.reduce((most, other) => Math.max(most, Number(other.line)), 0);
  state.lines.push({ line: String(last + 1), ...line });
  draw();
  $("b-lines").lastElementChild.scrollIntoView({ block: "nearest" });
  return reprice();
}

function newGoods(sku, quantity, name = "") {
  const form = $("new-item");
  form.hidden = false;
  form.dataset.quantity = quantity;
  $("n-sku").textContent = sku;
  $("n-name").value = name;
  $("n-price").value = "";
  requestAnimationFrame(() => $(name ? "n-price" : "n-name").focus());
}

// ---- the cashier's choices

const toggleCoupon = (code) => act(() => {
  if (!state.off.delete(code)) state.off.add(code);
  return reprice();
});

const toggleValue = (code) => act(() => {
  values.toggle(code);
  return reprice();
});

const changeQuantity = (id, step) => act(() => {
  const line = state.lines.find((other) => other.line === id);
  line.quantity += step;
  state.lines = state.lines.filter((other) => other.quantity > 0);
  return reprice();
});

const choosePoints = (choice) => act(() => {
  state.other = Boolean(choice.other);
  if (!choice.other) state.points = choice.points;
  draw();
  if (choice.other) return requestAnimationFrame(() => $("r-points").select());
  return reprice();
});

function nextChoice() {
  const all = choices().filter((choice) => !choice.other);
  const now = all.findIndex((choice) => choice.points === state.points);
  if (all.length) choosePoints(all[(now + 1) % all.length]);
}

function clearMember() {
  bill.abandon();
  state = { ...fresh(), lines: state.lines };
  values.drop(isWallet);
  screen.notice();
}

function next() {
  bill.forget();
  state = fresh();
  values.drop(() => true);
  asked += 1;
  screen.notice();
  draw();
}

// ---- finishing

const bill = settling({ ask, settings });

async function settle() {
  if (state.busy || state.sale || !state.lines.length || !state.pricing) return;
  screen.notice();
  state.busy = true;
  draw();
  try {
    const applied = state.pricing.coupons.filter((coupon) => coupon.status === "applied").map((coupon) => coupon.code);
    const { sale, changed } = await bill.finish(basket(applied), state.pricing);
    if (changed) {
      state.pricing = changed;
      screen.notice("warn", words.price_changed);
    } else {
      state.sale = sale;
      if (sale.status !== "ok") screen.notice("warn", words.with_exception);
      countdown();
    }
  } catch (error) {
    explain(error, settle);
  }
  state.busy = false;
  draw();
  focus();
}

function countdown() {
  const sale = state.sale;
  const ends = performance.now() + 30_000;
  const tick = () => {
    if (state.sale !== sale) return;
    state.undoLeft = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
    screen.done(state);
    if (state.undoLeft) setTimeout(tick, 1000);
  };
  tick();
}

const undo = () => act(async () => {
  if (!state.undoLeft) return;
  await bill.undo(state.sale);
  const { lines } = state;
  next();
  state.lines = lines;
  screen.notice("good", words.undone);
  await reprice();
});

// ---- keys and buttons

function escape() {
  if (!$("notice").hidden && !bill.locked()) return screen.notice();
  if (!$("new-item").hidden) return closeNew();
  if (!state.sale && state.member && !bill.locked()) return act(() => { clearMember(); return state.lines.length ? reprice() : undefined; });
}

function closeNew() {
  $("new-item").hidden = true;
  draw();
  $("scan").focus();
}

const enter = () => (state.sale ? act(next) : settle());
const field = $("scan");
const focus = watch(field, { onScan: scanned, onEmpty: enter });

document.addEventListener("keydown", (event) => {
  const run = { F6: nextChoice, F9: undo, Escape: escape }[event.key];
  if (!run) return;
  event.preventDefault();
  run();
});

// A digit alone in the field ticks that coupon, when no second key follows at once.
field.addEventListener("input", () => {
  const { value } = field;
  const row = /^[1-9]$/.test(value) && !state.sale ? offers().rows[Number(value) - 1] : undefined;
  if (row) setTimeout(() => {
    if (field.value !== value) return;
    field.value = "";
    toggleCoupon(row.code);
  }, 80);
});

field.addEventListener("pointerdown", () => { field.inputMode = "text"; });
field.addEventListener("blur", () => { field.inputMode = "none"; });

$("new-item").addEventListener("submit", (event) => {
  event.preventDefault();
  const price = format.parse($("n-price").value);
  $("n-price").setCustomValidity(price === null ? words.price_wrong : "");
  if (!$("new-item").reportValidity()) return;
  const line = { sku: $("n-sku").textContent, name: $("n-name").value.trim(), unit_price: price, quantity: Number($("new-item").dataset.quantity) };
  closeNew();
  act(() => addLine(line));
});
$("n-price").addEventListener("input", () => $("n-price").setCustomValidity(""));
$("n-cancel").addEventListener("click", closeNew);

$("r-points").addEventListener("keydown", (event) => { if (event.key === "Enter") field.focus(); });
$("r-points").addEventListener("change", () => act(() => {
  state.points = Number($("r-points").value.replace(/\D/g, "")) || 0;
  return reprice().then(() => state.pricing.messages.length && screen.notice("info", state.pricing.messages.join(" ")));
}));

for (const button of document.querySelectorAll(".js-settle")) button.addEventListener("click", settle);
for (const [id, run] of [["next", () => act(next)], ["undo", undo], ["k-undo", undo], ["k-points", nextChoice], ["k-clear", escape]]) {
  $(id).addEventListener("click", run);
}

let privacy = 0;
for (const kind of ["keydown", "pointerdown"]) {
  document.addEventListener(kind, () => {
    clearTimeout(privacy);
    privacy = setTimeout(() => (state.sale ? act(next) : state.member && !bill.locked() && act(() => { clearMember(); return state.lines.length ? reprice() : undefined; })), PRIVACY);
  });
}

// The goods of an unfinished bill outlive the page in their own tab: another language, a reload, a
// session that ended.  The customer does not, and a bill that was sent is not begun a second time.
const KEPT = "goods";
addEventListener("pagehide", () => {
  sessionStorage.setItem(KEPT, JSON.stringify(state.sale || bill.locked() ? [] : state.lines));
});
document.querySelector(".t-top form").addEventListener("submit", () => { state = fresh(); });
state.lines = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
sessionStorage.removeItem(KEPT);

draw();
focus();
if (state.lines.length) act(reprice);
