// A Predict box takes a guess, a choice or a number, says whether it is right, and then shows
// its answer. Without this script the choices are a list, and the answer is a closed <details>.
document.addEventListener("DOMContentLoaded", () => {
  for (const guess of document.querySelectorAll(".predict > .guess")) {
    const verdict = document.createElement("span");
    verdict.setAttribute("role", "status");
    const answer = (isRight) => {
      verdict.textContent = isRight ? guess.dataset.right : guess.dataset.wrong;
      guess.parentElement.querySelector("details.answer").open = true;
    };
    guess.append(guess.dataset.number ? field(guess, answer) : choices(guess, answer), verdict);
  }

  function choices(guess, answer) {
    const list = guess.querySelector("ol");
    const group = document.createElement("div");
    group.className = "choices";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", guess.dataset.label);
    [...list.children].forEach((item, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...(item.querySelector("p") || item).childNodes);
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => {
        for (const other of group.children) other.setAttribute("aria-pressed", other === button);
        answer(i + 1 === Number(guess.dataset.answer));
      });
      group.append(button);
    });
    list.remove();
    return group;
  }

  function field(guess, answer) {
    const form = document.createElement("form");
    const label = document.createElement("label");
    const input = document.createElement("input");
    const button = document.createElement("button");
    input.inputMode = "decimal";
    input.required = true;
    input.autocomplete = "off";
    button.textContent = guess.dataset.check;
    label.append(`${guess.dataset.label} `, input);
    form.append(label, button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const number = Number(input.value.trim().replace("−", "-").replace(",", "."));
      const { number: right, within } = guess.dataset;
      // A little more than `within`: 0.97 is within 0.01 of 0.96, in decimals.
      answer(Math.abs(number - right) <= within * (1 + 1e-9));
    });
    return form;
  }
});
