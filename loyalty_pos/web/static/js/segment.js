// The count follows what is typed.

const form = document.getElementById("segment");
let waiting = 0;
let latest = 0;

async function again(rows) {
  const mine = (latest += 1);
  const typed = new FormData(form);
  typed.set("do", "try");
  const answer = await fetch(location.href, { method: "POST", body: new URLSearchParams(typed) }).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine !== latest) return;
  const here = document.activeElement?.id;
  for (const old of document.querySelectorAll(rows ? "#found, #said, #rows" : "#found, #said, [id^='left.']")) {
    old.replaceChildren(...(page.getElementById(old.id)?.childNodes ?? old.childNodes));
  }
  if (here && rows) document.getElementById(here)?.focus();
}

form.addEventListener("input", ({ target }) => {
  clearTimeout(waiting);
  waiting = setTimeout(again, 250, target.tagName === "SELECT" && /\.(field|op)$/.test(target.name));
});
