// The button that shows the password; without this file it stays hidden and nothing is lost.
const show = document.getElementById("show");
const password = document.getElementById("password");

show.hidden = false;
show.addEventListener("click", () => {
  const shown = password.type === "password";
  password.type = shown ? "text" : "password";
  show.setAttribute("aria-pressed", String(shown));
  password.focus();
});
