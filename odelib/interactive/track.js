// A slider whose stops are not evenly spaced: its position is the number of the stop. It says
// the value there, and a button moves it from stop to stop. Nothing moves before one presses it.
function track(name, stops, decimals) {
  for (const figure of document.querySelectorAll(`[data-figure="${name}"]`)) {
    const texts = JSON.parse(figure.dataset.texts);
    const slider = figure.querySelector("input[type=range]");
    const readout = figure.querySelector("[aria-live]");
    const play = figure.querySelector("button.play");
    let timer = null;
    const pause = () => {
      clearInterval(timer);
      timer = null;
      play.textContent = texts.play;
      readout.setAttribute("aria-live", "polite");
    };
    const say = () => slider.setAttribute("aria-valuetext",
      `${fixed(stops[slider.value], decimals)}, ${texts[figure.dataset.style]}`);
    const move = (to) => {
      slider.value = to;
      slider.dispatchEvent(new Event("input"));
    };
    slider.addEventListener("input", (event) => {
      if (timer !== null && event.isTrusted) pause(); // the reader has taken over
      say();
    });
    figure.addEventListener("click", (event) => { // after what the button itself does
      if (event.target.value && timer !== null) pause();
      say();
    });
    play.addEventListener("click", (event) => {
      event.stopImmediatePropagation(); // figure.js would set the slider to this button's value
      if (timer !== null) return pause();
      if (slider.value === slider.max) move(0);
      play.textContent = texts.pause;
      readout.setAttribute("aria-live", "off"); // not every stop is read out
      timer = setInterval(() => {
        move(Number(slider.value) + 1);
        if (slider.value === slider.max) pause();
      }, 150);
    }, { capture: true });
    say();
  }
}
