// Signing in: the ticket of a printed link, or a token. The ticket leaves the address bar before anything else.
import { call } from "/ui/api.js";

const message = document.getElementById("message");
const ticket = new URLSearchParams(location.search).get("ticket");
history.replaceState(null, "", "/login");

async function signIn(credentials) {
  message.hidden = true;
  try {
    await call("POST", "/login", credentials);
    location.assign("/ui");
  } catch (error) {
    message.textContent = error.message;
    message.hidden = false;
  }
}

document.getElementById("form").addEventListener("submit", (event) => {
  event.preventDefault();
  signIn({ token: document.getElementById("token").value.trim() });
});
if (ticket) signIn({ ticket });
