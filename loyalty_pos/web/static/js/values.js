// Gift cards pay once scanned, a member's wallets when ticked; how much is the service's affair.

export function purse(ask) {
  let known = []; // {code, kind, free, on}

  function keep(values, on) {
    const rows = values.filter(({ state }) => state === "active").map(({ code, kind, balance, held }) => ({ code, kind, free: balance - held, on }));
    known = [...known.filter(({ code }) => rows.every((row) => row.code !== code)), ...rows];
  }

  return {
    rows: () => known,
    codes: () => known.filter(({ on }) => on).map(({ code }) => code),
    welcome: async (member) => keep((await ask("GET", `/members/${member}/stored-value`)).items, false),
    async scan(code) {
      const value = await ask("GET", `/stored-value/${code}`);
      keep([value], true);
      return value;
    },
    toggle(code) {
      const row = known.find((value) => value.code === code);
      row.on = !row.on;
    },
    drop(unwanted) {
      known = known.filter((value) => !unwanted(value));
    },
  };
}
