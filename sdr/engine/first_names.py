"""First names common in Brazil, folded: what tells "sou Marina" from "sou advogada"."""

from sdr.engine.words import words_in

FIRST_NAMES = words_in("""
adriana adriano alan alana alberto alessandra alessandro alex alexandra alexandre alice aline alisson altair
alvaro amanda amelia ana anderson andre andrea andreia andressa angela angelica antonia antonio aparecida
arlete artur arthur augusto aurora barbara beatriz benedito benicio bento bernardo bete beto bia bianca brenda
breno bruna bruno caetano caio camila camilla carina carla carlos carmem carol carolina caroline cassia
catarina cecilia celia celio celso cesar cida clara clarice claudia claudio clayton cleide cleiton clovis
cristiane cristiano cristina daiane dalva dani daniel daniela daniele danielle danilo davi david debora denis
denise diana diego dirce diogo douglas edgar edilson edna edson eduarda eduardo elaine eliana eliane elias
elis elisa elisangela elza emanuel emanuela emerson emilia emilly enzo erica erick erika estela ester eva
evandro everton fabiana fabiano fabio fabricio fatima felipe fernanda fernando flavia flavio francisca
francisco gabi gabriel gabriela geovana geraldo gerson gilberto gilmar gilson giovana giovanna gisele giselle
giulia glaucia graca guilherme gustavo heitor helena helio heloisa henrique hugo iago iara igor ingrid irene
iris isa isabel isabela isabella isadora isis itamar ivan ivone jackson jade jair jaqueline janaina jean
jefferson jessica joana joao joaquim jonas jonathan jordana jorge jose josefa josiane josue joyce ju juca
julia juliana juliano julio junior jussara kaio karen karina karine karol katia kauan kelly kevin laila lais
lara larissa laura lavinia leandro leila leo leonardo leonor leticia levi lia lidia ligia lilian livia lorena
lourdes luan luana lucas lucia luciana luciano luciene lucio luis luisa luiz luiza luna luzia mafalda magda
maiara maicon manoel manu manuel manuela mara marcela marcelo marcia marcio marco marcos margarete maria
mariana marilene marilia marina mario marisa marlene marli marta mateus matheus maura mauricio mauro maya
mayara meire melissa michel michele michelle miguel milena milton mirela miriam moises monica murilo nadia
nair nara natalia natan nathalia neide nelson neuza nicolas nicole nilton nina noemi olga olivia orlando oscar
osmar osvaldo otavio pablo paloma pamela pati patricia patty paty paula paulo pedro pietro priscila rafa
rafael rafaela raimundo ramon raquel raul rebeca regiane regina reginaldo reinaldo renan renata renato ricardo
rita roberta roberto robson rodrigo rogerio romulo ronaldo rosa rosana rosangela rose roseli rosemeire
rosilene rubens ruth sabrina samanta samara samuel sandra sandro sara sarah sebastiao sergio sheila silas
silvana silvia silvio simone sofia solange sonia sophia stefany stella sueli suellen suely susana suzana tais
tania tania tarcisio tati tatiana tatiane telma teresa terezinha thais thaisa thales thalita theo thiago tiago
tomas ubiratan ulisses valdir valentina valeria valter vanda vanderlei vanessa vania vera veronica vicente
victor victoria vilma vinicius vitor vitoria vivian viviane wagner walter wanda wanderson washington
wellington wesley william wilson keila teo le pri lu fe gi dri dudu edu guto gui lili mari nati bel cris vini ro sil tiago zeca kiko duda
malu nanda nando leca nene tata tito caca dede fabi flavinha bruninho aninha zezinho juju lala mimi nina
tiao toninho tonho chico quim biel rapha vitinho wel wes yago yara yasmin yuri zelia ze zilda zuleica
""")
