// Brings the page's live figures alive, each when it comes near the screen. A classic script: from a disk (file://), a
// page may not load modules or data, but it may load scripts. Where a figure fails, its still picture stays.
(() => {
  "use strict";
  const here = document.currentScript.src;
  const waiting = new Map(); // file → promise

  // Loads another script of this folder, once.
  function load(file) {
    if (!waiting.has(file)) {
      const script = document.createElement("script");
      script.src = new URL(file, here);
      waiting.set(
        file,
        new Promise((resolve, reject) => {
          script.onload = resolve;
          script.onerror = () => reject(new Error(`${file} cannot be loaded`));
        }),
      );
      document.head.append(script);
    }
    return waiting.get(file);
  }

  // What a figure asks of anywidget's model; nothing is sent anywhere.
  function modelOf(values) {
    const nothing = () => {};
    return { get: (name) => values[name], set: nothing, on: nothing, off: nothing, save_changes: nothing };
  }

  async function bringAlive(place) {
    const name = place.dataset.figure;
    const stage = document.createElement("div");
    try {
      const settings = JSON.parse(place.querySelector("script").textContent);
      if (settings.network === "shipped") await load("live-network.js");
      place.append(stage);
      const model = modelOf({ settings, labels: globalThis.liveLabels[name] });
      await globalThis.liveFigures[name].render({ model, el: stage });
      place.classList.add("live-on");
    } catch (error) {
      stage.remove();
      place.classList.add("live-failed");
      console.error(`The live figure "${name}" does not run, so its still picture stays:`, error);
    }
  }

  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        bringAlive(target);
      }
    },
    { rootMargin: "400px" },
  );
  document.querySelectorAll(".live-place").forEach((place) => near.observe(place));
})();
