// Puts a notebook's Colab edition together when its button is pressed, and gives it to the reader as a file. What several
// editions share is stored once; see tools/site/colab_parts.py.
(() => {
  "use strict";
  const folder = new URL("../downloads/colab/", document.currentScript.src);
  const editions = {};
  const parts = {};
  const loading = new Map(); // file → promise
  globalThis.courseEdition = (name, edition) => {
    editions[name] = edition;
  };
  globalThis.courseParts = (more) => Object.assign(parts, more);

  function load(file) {
    if (!loading.has(file)) {
      const script = document.createElement("script");
      script.src = new URL(file, folder);
      loading.set(
        file,
        new Promise((resolve, reject) => {
          script.onload = resolve;
          script.onerror = () => {
            loading.delete(file); // so that the next press tries again
            reject(new Error(`${file} cannot be loaded`));
          };
        }),
      );
      document.head.append(script);
    }
    return loading.get(file);
  }

  async function edition(name) {
    await load(`${name}.js`);
    const { needs, parts: listed, length } = editions[name];
    await Promise.all(needs.map(load));
    const text = listed.map((piece) => (typeof piece === "string" ? piece : parts[piece.part])).join("");
    if (text.length !== length) throw new Error(`${name} has ${text.length} characters, not ${length}`);
    return text;
  }

  async function give(button) {
    const name = button.dataset.edition;
    button.disabled = true;
    try {
      const file = new Blob([await edition(name)], { type: "application/x-ipynb+json" });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = `${name}.ipynb`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (error) {
      button.after(" It could not be put together: download the whole course instead, and run make colab.");
      console.error(error);
    }
    button.disabled = false;
  }

  document.querySelectorAll("button[data-edition]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => give(button));
  });
})();
