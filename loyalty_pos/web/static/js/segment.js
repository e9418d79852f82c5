// The count follows what is typed: the form is sent as its own button would send it, and the parts of the
// answer that speak of members take the places of those shown.  A chosen field or operator redraws the rows,
// because other boxes belong to it.  Without this the button does the same.

const form = document.getElementById("segment");
let waiting = 0;
let latest = 0;

async function again(rows) {
  const mine = (latest += 1);
  const typed = new FormData(form);
  typed.set("do", "try");
  const answer = await fetch(location.href, { method: "POST", body: new URLSearchParams(typed) }).catch(() => null);
  if (!answer || !answer.ok || mine !== latest) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine !== latest) return;
  const shown = rows ? ["found", "said", "rows"] : ["found", "said", ...Array.from(form.querySelectorAll("[id^='left.']"), (one) => one.id)];
  const here = document.activeElement?.id;
  for (const id of shown) {
    const fresh = page.getElementById(id);
    if (fresh) document.getElementById(id).replaceChildren(...fresh.childNodes);
  }
  if (here && rows) document.getElementById(here)?.focus();
}

form.addEventListener("input", (event) => {
  const rows = event.target.tagName === "SELECT" && /\.(field|op)$/.test(event.target.name);
  clearTimeout(waiting);
  waiting = setTimeout(again, 250, rows);
});
