// The editor of mailings: the preview follows what is written, and names are put where somebody wrote last. Without it a button shows the preview.
"use strict";

for (const editor of document.querySelectorAll("[data-editor]")) {
  const show = editor.querySelector("[data-preview]");
  let waiting;
  let last = editor.querySelector("textarea");
  const later = (milliseconds) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => editor.requestSubmit(show), milliseconds);
  };
  editor.addEventListener("input", () => later(500));
  editor.addEventListener("focusin", (event) => {
    if (event.target.matches("textarea, [name=subject]")) last = event.target;
  });
  editor.addEventListener("click", (event) => {
    const name = event.target.closest("[data-insert]");
    if (!name || !last) return;
    last.setRangeText(name.dataset.insert, last.selectionStart, last.selectionEnd, "end");
    last.focus();
    later(0);
  });
}
