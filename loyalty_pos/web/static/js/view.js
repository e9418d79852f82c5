// Draws the till from its state.  Nothing here asks the service or changes the state; every text
// goes in as text, never as markup.

import { fill } from "./format.js";

const $ = (id) => document.getElementById(id);
const KNOWN_TIERS = ["bronze", "silver", "gold", "platinum"];

function copy(template, texts = {}) {
  const node = $(template).content.firstElementChild.cloneNode(true);
  for (const [where, text] of Object.entries(texts)) node.querySelector(where).textContent = text;
  return node;
}

function set(id, text) {
  $(id).querySelector("span, strong").textContent = text;
  $(id).hidden = !text;
}

export function initials(name) {
  const words = name.split(" ").filter((word) => /\p{L}/u.test(word));
  return (words.length > 1 ? words[0][0] + words.at(-1)[0] : words[0]?.[0] ?? "").toUpperCase();
}

// How a person is spoken to: as they asked, else the given name ("Hạnh" of "Hạnh N.").
const called = (who, words) => who.call_name || who.short_name?.replace(/\s\p{L}\.$/u, "") || words.no_name;

// A card number as it may stand on a screen that the queue sees.
const masked = (number) => (number.length < 10 ? "" : `${number.slice(0, 4)} •••• •${number.slice(-4)}`);

// What each promotion took off the bill: promotion -> {name, amount, explanation}.  The explanation
// is of one line: where lines differ there is none for the whole.
export function byPromotion(pricing) {
  const found = new Map();
  for (const line of pricing?.lines ?? []) {
    for (const part of line.discounts) {
      const entry = found.get(part.promotion) ?? { name: part.name, amount: 0, explanation: part.explanation };
      entry.amount += part.amount;
      if (entry.explanation !== part.explanation) entry.explanation = "";
      found.set(part.promotion, entry);
    }
  }
  return found;
}

export function view(format, words) {
  const money = (amount) => format.money(amount);
  const off = (amount) => `\u2212${money(amount)}`;

  function member({ member: who, sale, pricing, card, pointValue }) {
    $("waiting").hidden = Boolean(who || sale);
    $("member").hidden = !who || Boolean(sale);
    $("k-clear").disabled = !who || Boolean(sale);
    if (!who) return;
    const name = who.short_name || words.no_name;
    const tier = who.tier;
    const colour = KNOWN_TIERS.includes(tier?.code) ? tier.code : "plain";
    $("m-name").textContent = name;
    $("m-face").textContent = initials(name);
    $("member").className = `card member edge-${colour}`;
    $("m-tier").className = `tier tier-${colour}`;
    set("m-tier", tier?.name ?? "");
    $("m-birthday").hidden = !who.flags?.includes("birthday");
    $("m-card").textContent = masked(card?.number ?? "");
    $("m-points").textContent = format.number(who.points.active);
    $("m-worth").querySelector("strong").textContent = money(who.points.active * pointValue);
    const saved = pricing?.totals.discount ?? 0;
    set("say", saved ? fill(who.flags?.includes("birthday") ? words.say_birthday : words.say_saved, { name: called(who, words), amount: money(saved) }) : "");
  }

  function coupons({ member: who, sale, pricing, rows, locked, automatic }, toggle) {
    const list = $("c-list");
    const later = pricing?.next_coupons ?? [];
    $("coupons").hidden = Boolean(sale) || !(rows.length || locked.length || automatic.length || later.length || pricing?.nearly.length);
    $("best").hidden = !(pricing?.proof?.optimal && rows.some((row) => row.ticked));
    list.replaceChildren(
      ...rows.map((row, index) => {
        const node = copy("t-coupon", { kbd: index + 1, ".name": row.name, ".why": row.why, ".save": row.saved ? off(row.saved) : "" });
        const box = node.querySelector("input");
        box.checked = row.ticked;
        node.classList.toggle("on", row.ticked);
        box.addEventListener("change", () => toggle(row.code));
        return node;
      }),
      ...automatic.map((offer) => copy("t-auto", { ".name": offer.name, ".why": offer.explanation, ".save": off(offer.amount) })),
      ...later.map((coupon) => copy("t-auto", { ".name": coupon.name, ".why": coupon.reason, ".save": words.next_time })),
    );
    const closed = [...locked, ...(pricing?.nearly ?? []).map((near) => ({ name: near.message, why: words.nearly }))];
    if (!closed.length) return;
    const divider = document.createElement("p");
    divider.className = "c-div";
    divider.textContent = words.not_yet;
    list.append(divider, ...closed.map((row) => copy("t-locked", { ".name": row.name, ".why": row.why })));
  }

  function lines({ lines: goods, pricing, sale }, change) {
    const priced = new Map((pricing?.lines ?? []).map((line) => [line.line, line]));
    $("b-empty").hidden = goods.length > 0 || !$("new-item").hidden;
    $("b-count").textContent = goods.length ? fill(words.items, { n: goods.reduce((sum, line) => sum + line.quantity, 0) }) : "";
    $("b-lines").replaceChildren(
      ...goods.map((line) => {
        const answer = priced.get(line.line);
        const why = (answer?.discounts ?? []).map((part) => `${part.name} ${off(part.amount)}`).join(" · ");
        const node = copy("t-line", {
          ".name": line.name || line.sku, ".why": why, ".q": line.quantity,
          ".amount": format.bare(answer ? answer.net : line.unit_price * line.quantity),
        });
        for (const [button, step, word] of [[".less", -1, words.less], [".more", 1, words.more]]) {
          const found = node.querySelector(button);
          found.setAttribute("aria-label", fill(word, { name: line.name || line.sku }));
          found.hidden = Boolean(sale);
          found.addEventListener("click", () => change(line.line, step));
        }
        return node;
      }),
    );
  }

  function sums({ lines: goods, pricing, rows, busy, sale }) {
    const totals = (goods.length && pricing?.totals) || { gross: 0, discount: 0, points_value: 0, due: 0 };
    const fromCoupons = rows.reduce((sum, row) => sum + (row.ticked ? row.saved : 0), 0);
    const used = rows.filter((row) => row.ticked).length;
    const parts = [[words.subtotal, money(totals.gross), ""]];
    if (totals.discount > fromCoupons) parts.push([words.offers, off(totals.discount - fromCoupons), "off"]);
    if (fromCoupons) parts.push([fill(words.coupons, { n: used }), off(fromCoupons), "off"]);
    if (totals.points_value) parts.push([fill(words.points_used, { n: format.number(pricing.points.redeemed) }), off(totals.points_value), "off"]);
    $("b-sums").replaceChildren(...parts.map(([label, value, css]) => row(label, value, css)));
    for (const total of document.querySelectorAll(".js-total")) total.textContent = money(totals.due);
    const earned = (goods.length && pricing?.points.earned) || 0;
    set("earn", earned ? fill(words.earns, { n: format.number(earned) }) : "");
    document.querySelector(".js-earn").textContent = earned ? fill(words.earns, { n: format.number(earned) }) : "";
    for (const button of document.querySelectorAll(".js-settle")) button.disabled = !goods.length || !pricing || busy || Boolean(sale);
  }

  function row(label, value, css) {
    const box = document.createElement("div");
    box.className = css;
    for (const [tag, text] of [["dt", label], ["dd", value]]) {
      const cell = document.createElement(tag);
      cell.textContent = text;
      box.append(cell);
    }
    return box;
  }

  function points({ choices, points: chosen, most, other, sale }, choose) {
    $("redeem").hidden = choices.length === 0 || Boolean(sale);
    $("k-points").disabled = $("redeem").hidden;
    $("r-most").textContent = most ? fill(words.at_most, { amount: money(most.value) }) : "";
    $("r-other").hidden = !other;
    $("r-seg").replaceChildren(
      ...choices.map((choice) => {
        const node = copy("t-seg", { span: choice.label });
        const box = node.querySelector("input");
        box.checked = choice.other ? other : !other && choice.points === chosen;
        node.classList.toggle("on", box.checked);
        box.addEventListener("change", () => choose(choice));
        return node;
      }),
    );
  }

  function values({ values: rows, pricing, lines: goods, sale }, toggle) {
    $("b-values").hidden = !rows.length || Boolean(sale);
    const left = (goods.length && pricing?.stored_value) || {};
    $("b-values").replaceChildren(
      ...rows.map(({ code, kind, free, on }) => {
        const paid = on && code in left ? free - left[code] : 0;
        const node = copy("t-value", {
          ".name": fill(words[kind], { code: code.slice(-4) }), ".save": paid ? off(paid) : "",
          ".why": fill(words.value_left, { amount: money(free - paid) }),
        });
        const box = node.querySelector("input");
        box.checked = on;
        node.classList.toggle("on", on);
        box.addEventListener("change", () => toggle(code));
        return node;
      }),
    );
    $("due").textContent = rows.some(({ on }) => on) ? words.left_to_pay : words.to_pay;
  }

  function done({ sale, member: who, undoLeft }) {
    $("done").hidden = !sale;
    $("undo").hidden = !undoLeft;
    $("k-undo").disabled = !undoLeft;
    $("undo-left").textContent = undoLeft ? `0:${String(undoLeft).padStart(2, "0")}` : "";
    if (!sale) return;
    const name = who ? who.short_name || words.no_name : words.guest;
    $("d-title").textContent = fill(words.recorded, { receipt: sale.receipt });
    $("d-line").textContent = fill(who ? words.paid_earned : words.paid, {
      name, amount: money(sale.totals.due), n: format.number(sale.points.earned),
    });
    set("d-say", who ? fill(words.thanks, { name: called(who, words), n: format.number(sale.points.active_after) }) : "");
    $("d-coupons").replaceChildren(
      ...sale.next_coupons.map((coupon) => copy("t-next", {
        b: coupon.name, ".muted": coupon.reason, ".chip": fill(words.until, { day: format.day(coupon.valid_to) }),
      })),
      ...Object.entries(sale.stored_value).map(([code, balance]) => copy("t-next", {
        b: fill(words.gift_card, { code: code.slice(-4) }), ".muted": "", ".chip": fill(words.value_left, { amount: money(balance) }),
      })),
    );
  }

  function notice(kind, text, actions = []) {
    $("notice").hidden = !text;
    $("notice").className = `banner ${kind}`;
    $("notice-text").textContent = text ?? "";
    $("scan-form").classList.toggle("bad", kind === "bad" && Boolean(text));
    $("notice").querySelector(".n-acts").replaceChildren(
      ...actions.map(({ label, run }, index) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = index ? "btn" : "btn btn-primary";
        button.textContent = label;
        button.addEventListener("click", run);
        return button;
      }),
    );
  }

  return { member, coupons, lines, sums, points, values, done, notice };
}
