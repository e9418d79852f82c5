// Gift cards and wallets on a bill: which ones pay, what they still have, what is left on them.
// The service decides what each pays; here is only who was asked to.  A card that is scanned pays at
// once, a wallet of the member when it is ticked.

export function purse(ask) {
  let known = []; // {code, kind, free, on}

  const free = (value) => value.balance - value.held;
  const entry = (value, on) => ({ code: value.code, kind: value.kind, free: free(value), on });

  return {
    rows: () => known,
    codes: () => known.filter((value) => value.on).map((value) => value.code),

    // The gift card of a scanned code, ready to pay; a Problem when there is none.
    async scan(code) {
      const value = await ask("GET", `/stored-value/${code}`);
      known = [...known.filter((other) => other.code !== value.code), entry(value, value.state === "active")];
      return value;
    },

    // The wallets of a member who is here with their card.
    async welcome(member) {
      const { items } = await ask("GET", `/members/${member}/stored-value`);
      const mine = items.filter((value) => value.state === "active" && free(value) > 0).map((value) => entry(value, false));
      known = [...known.filter((value) => !mine.some((other) => other.code === value.code)), ...mine];
    },

    toggle(code) {
      for (const value of known) if (value.code === code) value.on = !value.on;
    },

    drop(code) {
      known = known.filter((value) => value.code !== code);
    },

    // Without their owner wallets do not pay; gift cards are whoever's holds them.
    leave() {
      known = known.filter((value) => value.kind !== "wallet");
    },

    clear() {
      known = [];
    },
  };
}
