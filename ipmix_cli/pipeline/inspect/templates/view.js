// The filters of a gallery. Without this script, the page shows every picture, and no filters.
"use strict";
(() => {
  const form = document.getElementById("filters");
  const gallery = document.getElementById("gallery");
  const cards = Array.from(gallery.children);
  const menus = Array.from(form.querySelectorAll("select[data-facet]"));
  const words = form.elements.namedItem("words");
  const order = form.elements.namedItem("order");
  const nearest = form.elements.namedItem("nearest");
  const farthest = form.elements.namedItem("farthest");
  const texts = new Map(cards.map((card) => [card, card.textContent.toLowerCase()]));

  const distance = (card) => Number(card.dataset.distance);

  function hasValues(card) {
    return menus.every((menu) => {
      const values = card.getAttribute("data-facet-" + menu.dataset.facet).split(" ");
      return menu.value === "" || values.includes(menu.value);
    });
  }

  function isNear(card) {
    if (!nearest || card.dataset.distance === undefined) return true;
    return distance(card) >= Number(nearest.value) && distance(card) <= Number(farthest.value);
  }

  function filter() {
    const sought = words.value.trim().toLowerCase();
    let shown = 0;
    for (const card of cards) {
      card.hidden = !(hasValues(card) && isNear(card) && texts.get(card).includes(sought));
      shown += card.hidden ? 0 : 1;
    }
    document.getElementById("shown").textContent = shown + " of " + cards.length;
    document.getElementById("nothing").hidden = shown > 0 || cards.length === 0;
    if (nearest) document.getElementById("range").textContent = nearest.value + " to " + farthest.value;
  }

  function sort() {
    const sign = { far: -1, near: 1 }[order.value] || 0;
    const sorted = sign ? cards.slice().sort((a, b) => sign * (distance(a) - distance(b))) : cards;
    gallery.append(...sorted);
  }

  // Neither end of the range goes past the other one.
  if (nearest) {
    nearest.addEventListener("input", () => {
      farthest.value = Math.max(Number(farthest.value), Number(nearest.value));
    });
    farthest.addEventListener("input", () => {
      nearest.value = Math.min(Number(farthest.value), Number(nearest.value));
    });
    order.addEventListener("change", sort);
  }
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { if (order) sort(); filter(); }));
  form.hidden = false;
  form.reset(); // browsers restore menus when a page is reloaded
})();
