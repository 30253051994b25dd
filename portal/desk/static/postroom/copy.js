// Buttons that put a number on the clipboard: <button class="copy" data-copy="P-000042">. Works for parts of the page
// that arrive later, too, for it listens on the document.
"use strict";

(() => {
  const SHOWN_MS = 2000;

  const copyText = async (text) => {
    if (navigator.clipboard && window.isSecureContext) {
      await navigator.clipboard.writeText(text);
      return;
    }
    // Plain http on another host than localhost has no clipboard: the old way, over a field that is out of sight.
    const field = document.createElement("textarea");
    field.value = text;
    field.readOnly = true;
    field.className = "visually-hidden";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    if (!done) {
      throw new Error("The browser refused to copy.");
    }
  };

  const show = (button, text, state) => {
    const told = button.querySelector(".copy-done");
    button.dataset.state = state;
    if (told) {
      told.textContent = text;
    }
    window.setTimeout(() => {
      delete button.dataset.state;
      if (told) {
        told.textContent = "";
      }
    }, SHOWN_MS);
  };

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
    if (button === null) {
      return;
    }
    copyText(button.dataset.copy).then(
      () => show(button, "Copied", "copied"),
      () => show(button, "Not copied", "failed"),
    );
  });
})();
