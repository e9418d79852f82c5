// Finishing a bill: open the checkout (which holds coupons and points), then settle it.
// One bill keeps one receipt number and one key per step, so that a repeated Enter after a lost
// answer can only find the sale that was already recorded, never make a second one.

import { newKey, Problem } from "./api.js";

export function settling({ ask, settings }) {
  let bill = null;

  function begin() {
    const now = new Date();
    const two = (value) => String(value).padStart(2, "0");
    const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
    const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
    return { receipt: `${settings.terminal}-${day}-${time}`, id: null, asked: null, key: null, settleKey: newKey(), open: null, sent: false };
  }

  return {
    // True while a settle was sent and its outcome is not known: only repeating it is allowed.
    locked: () => Boolean(bill?.sent),

    forget() {
      bill = null;
    },

    // Gives back what an unfinished checkout holds; it lapses by itself if this is not heard.
    abandon() {
      if (bill?.id && !bill.sent) ask("POST", `/checkouts/${bill.id}/void`, { body: {}, key: newKey() }).catch(() => {});
      bill = null;
    },

    // {sale} when recorded, or {changed: Pricing} when the price held is not the price shown.
    async finish(basket, shown) {
      bill ??= begin();
      const asked = JSON.stringify(basket);
      if (bill.asked !== asked && !bill.sent) Object.assign(bill, { asked, key: newKey(), open: null });
      if (!bill.open) {
        const path = bill.id ? `/checkouts/${bill.id}` : "/checkouts";
        bill.open = await ask(bill.id ? "PUT" : "POST", path, { body: basket, key: bill.key });
        bill.id = bill.open.id;
        if (bill.open.totals.due !== shown.totals.due) return { changed: bill.open };
      }
      bill.sent = true;
      try {
        return { sale: await send() };
      } catch (error) {
        if (error instanceof Problem && !error.unsure) bill = null;
        throw error;
      }
    },

    // A full return of the sale just made; the service allows it for 30 seconds.
    undo(sale) {
      const lines = sale.lines.map((line) => ({ line: line.line, quantity: quantities(bill.asked).get(line.line) }));
      bill.undoKey ??= newKey();
      return ask("POST", `/sales/${sale.id}/returns`, { body: { lines, receipt: `${sale.receipt}-U`, reason: "undo" }, key: bill.undoKey });
    },
  };

  // Another window of this lane may have finished a bill in the same second: then a letter more.
  async function send() {
    try {
      return await ask("POST", `/checkouts/${bill.id}/settle`, { body: { receipt: bill.receipt }, key: bill.settleKey });
    } catch (error) {
      if (error.code !== "receipt_conflict") throw error;
      Object.assign(bill, { receipt: `${bill.receipt}b`, settleKey: newKey() });
      return send();
    }
  }

  function quantities(asked) {
    return new Map(JSON.parse(asked).lines.map((line) => [line.line, line.quantity]));
  }
}
