// Money, points and days as the page's language writes them; amounts are whole minor units.

export function formats({ language, currency, exponent }) {
  const locale = language === "en" ? "en" : "vi-VN";
  const places = { minimumFractionDigits: exponent, maximumFractionDigits: exponent };
  const currencies = new Intl.NumberFormat(locale, { style: "currency", currency, ...places });
  const plain = new Intl.NumberFormat(locale, places);
  const whole = new Intl.NumberFormat(locale);
  const minus = (text) => text.replace("-", "\u2212");
  return {
    money: (amount) => minus(currencies.format(amount / 10 ** exponent)),
    bare: (amount) => minus(plain.format(amount / 10 ** exponent)),
    number: (value) => minus(whole.format(value)),
    day: (iso) => new Date(`${iso.slice(0, 10)}T12:00`).toLocaleDateString("en-GB", language === "en" ? { day: "numeric", month: "short" } : { day: "2-digit", month: "2-digit" }),
    // What a cashier typed as a price, in minor units; null when it is not one.
    parse: (text) => {
      const digits = exponent ? text.replace(/[\s\u00a0]/g, "").replace(",", ".") : text.replace(/[\s\u00a0.,₫đ]/g, "");
      return /^\d{1,12}(\.\d{1,3})?$/.test(digits) ? Math.round(Number(digits) * 10 ** exponent) : null;
    },
  };
}

// "Hello {name}" with {name} filled in.
export const fill = (sentence, facts) => sentence.replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);

// Round amounts that people say: at most `most`, the two largest of 1-2-5 in each decade.
export function roundAmounts(most) {
  const found = [];
  for (let decade = 10 ** Math.floor(Math.log10(Math.max(most, 1))); decade >= 1 && found.length < 2; decade /= 10) {
    for (const step of [5, 2, 1]) if (step * decade <= most && found.length < 2) found.push(step * decade);
  }
  return found.reverse();
}
