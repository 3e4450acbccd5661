// What every page needs: an answer that did not arrive is never shown as saved.
"use strict";

const notSaved = document.getElementById("not-saved");
const AGAIN = " What you chose is still on the page: send it again.";

function showNotSaved(why) {
  notSaved.textContent = "Not saved. " + why;
  notSaved.hidden = false;
}

function why(detail) {
  const status = detail.xhr ? detail.xhr.status : 0;
  if (status === 401) return "You are signed out: sign in in another tab, then reload this page.";
  if (status === 403) return "You have signed in again since this page was opened: reload it, then choose again.";
  if (status === 404) return "This is no longer open to you.";
  if (status >= 500) return "The server could not take it (status " + status + ")." + AGAIN;
  if (status >= 400) return "The server refused it (status " + status + ")." + AGAIN;
  return "The server did not answer." + AGAIN;
}

document.addEventListener("htmx:responseError", (event) => showNotSaved(why(event.detail)));
document.addEventListener("htmx:sendError", (event) => showNotSaved(why(event.detail)));
document.addEventListener("htmx:timeout", (event) => showNotSaved(why(event.detail)));

// A proxy's page or an empty answer with status 200 is not ours: the desk signs its answers.
document.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  if (target && target.id === "unit" && event.detail.shouldSwap &&
      event.detail.xhr.getResponseHeader("X-Desk") !== "unit") {
    event.detail.shouldSwap = false;
    showNotSaved("Something between here and the server answered in its place." + AGAIN);
  }
});

document.addEventListener("htmx:afterSwap", () => { notSaved.hidden = true; });
