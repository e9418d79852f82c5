// Sentence and example bill follow what is typed: the form is sent as by its button, and what the answer
// says replaces what is shown.

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
  if (mine !== latest) return;
  for (const shown of form.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(shown.id);
    if (fresh) shown.replaceChildren(...fresh.childNodes);
  }
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(again, 300);
});
