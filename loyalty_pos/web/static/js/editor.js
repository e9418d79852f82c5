// The example bill follows what is typed: the form is sent as its own button would send it, and the
// answer's example takes the place of the one shown. Without this the button does the same.

const form = document.getElementById("editor");
let waiting = 0;
let latest = 0;

async function again() {
  const mine = (latest += 1);
  const typed = new FormData(form);
  typed.set("do", "try");
  const answer = await fetch(location.href, { method: "POST", body: new URLSearchParams(typed) }).catch(() => null);
  if (!answer || !answer.ok || mine !== latest) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("example");
  if (fresh && mine === latest) document.getElementById("example").replaceChildren(...fresh.childNodes);
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(again, 300);
});
